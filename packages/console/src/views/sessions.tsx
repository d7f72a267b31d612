import type { SessionList, SessionStateName } from '@quorate/wire';
import { useSignal } from '@preact/signals';
import { Pages, usePaging, withQuery } from '../paging.tsx';
import { Code, Heading, Pending, State, Table, When } from '../parts.tsx';
import { useAnswer } from '../polling.ts';
import { hrefOf } from '../route.ts';
import { shown, t, word } from '../tab.ts';

const POLL_MS = 2000;
const STATES: readonly SessionStateName[] = [
  'invited',
  'running',
  'results',
  'completed',
  'failed',
];

/** Key generations and signatures, newest first, updated live. */
export function Sessions() {
  const state = useSignal('');
  const paging = usePaging(state.value);
  const query = { state: state.value, after: paging.cursor };
  const answer = useAnswer<SessionList>(withQuery('/api/v1/sessions', query), POLL_MS);
  return (
    <>
      <Heading text={t('sessions')}>
        <span class="live">{t('live')}</span>
        <select
          aria-label={t('state')}
          value={state.value}
          onChange={(event) => {
            state.value = event.currentTarget.value;
          }}
        >
          <option value="">{t('all')}</option>
          {STATES.map((name) => (
            <option key={name} value={name}>
              {word(name)}
            </option>
          ))}
        </select>
      </Heading>
      <Pending answer={answer} />
      {answer.value && <List list={answer.value} />}
      <Pages paging={paging} next={answer.value?.next} />
    </>
  );
}

function List({ list }: { list: SessionList }) {
  return (
    <Table
      columns={['session_key', 'kind', 'state', 'coordinator', 'threshold', 'address', 'changed']}
    >
      {list.sessions.map((session) => (
        <tr key={session.session_key}>
          <td>
            <a href={hrefOf({ view: 'sessions', id: session.session_key })}>
              {shown(session.session_key)}
            </a>
          </td>
          <td>{word(session.kind)}</td>
          <td>
            <State value={session.state} />
          </td>
          <td>{shown(session.coordinator)}</td>
          <td>
            {session.threshold} {t('of')} {session.total_parts}
          </td>
          <td>{session.address && <Code value={session.address} />}</td>
          <td>
            <When at={session.updated_at} />
          </td>
        </tr>
      ))}
    </Table>
  );
}
