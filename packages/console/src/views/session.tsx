import type { SessionAnswer } from '@quorate/wire';
import { Code, Fact, Facts, Heading, Pending, State, Table, When } from '../parts.tsx';
import { useAnswer } from '../polling.ts';
import { hrefOf } from '../route.ts';
import { shown, t, word } from '../tab.ts';

const POLL_MS = 1000;
const STAGES = ['invited', 'running', 'results', 'completed'] as const;

/** One session: its progress, the parties it waits for, and how it ended. */
export function Session({ id }: { id: string }) {
  const path = `/api/v1/sessions/${encodeURIComponent(id)}`;
  const answer = useAnswer<SessionAnswer>(path, POLL_MS);
  return (
    <>
      <Heading text={shown(id)}>
        <a href={hrefOf({ view: 'sessions' })}>{t('back')}</a>
      </Heading>
      <Pending answer={answer} />
      {answer.value && <Shown session={answer.value} />}
    </>
  );
}

function Shown({ session }: { session: SessionAnswer }) {
  const { waiting_for, signature, digest, address, code, message } = session;
  return (
    <>
      <Stages state={session.state} />
      <Facts>
        <Fact name="kind">{word(session.kind)}</Fact>
        <Fact name="state">
          <State value={session.state} />
        </Fact>
        <Fact name="waiting_for">
          {waiting_for.length === 0 ? t('nobody') : <Names names={waiting_for} />}
        </Fact>
        <Fact name="reason">{code && `${shown(code)}${message ? `: ${shown(message)}` : ''}`}</Fact>
        <Fact name="coordinator">{shown(session.coordinator)}</Fact>
        <Fact name="threshold">{`${session.threshold} ${t('of')} ${session.total_parts}`}</Fact>
        <Fact name="address">{address && <Code value={address} copy />}</Fact>
        <Fact name="digest">{digest && <Code value={digest} copy />}</Fact>
        <Fact name="signature">{signature && <Code value={signature} copy />}</Fact>
        <Fact name="created">
          <When at={session.created_at} />
        </Fact>
        <Fact name="changed">
          <When at={session.updated_at} />
        </Fact>
      </Facts>
      <h2>{t('participants')}</h2>
      <Table columns={['part_index', 'username', 'state']}>
        {session.participants.map(({ part_index, username, state }) => (
          <tr key={part_index} class={waiting_for.includes(username) ? 'awaited' : ''}>
            <td>{part_index}</td>
            <td>{shown(username)}</td>
            <td>
              <State value={state} />
            </td>
          </tr>
        ))}
      </Table>
    </>
  );
}

/** Names of people, each its own element so that no name can run into the next. */
function Names({ names }: { names: readonly string[] }) {
  return (
    <span class="names">
      {names.map((name) => (
        <bdi key={name} class="name">
          {shown(name)}
        </bdi>
      ))}
    </span>
  );
}

function Stages({ state }: { state: SessionAnswer['state'] }) {
  const reached = STAGES.findIndex((stage) => stage === state);
  return (
    <ol class={`stages ${state === 'failed' ? 'broken' : ''}`}>
      {STAGES.map((stage, index) => (
        <li
          key={stage}
          class={index <= reached ? 'reached' : ''}
          {...(index === reached ? { 'aria-current': 'step' } : {})}
        >
          {word(stage)}
        </li>
      ))}
    </ol>
  );
}
