import type { KeyAnswer, KeyList } from '@quorate/wire';
import { Pages, usePaging, withQuery } from '../paging.tsx';
import { Code, Fact, Facts, Heading, Pending, State, Table, When } from '../parts.tsx';
import { useAnswer } from '../polling.ts';
import { hrefOf } from '../route.ts';
import { shown, t } from '../tab.ts';

const POLL_MS = 10_000;

/** The keys visible to the user. */
export function Keys() {
  const paging = usePaging('keys');
  const path = withQuery('/api/v1/keys', { after: paging.cursor });
  const answer = useAnswer<KeyList>(path, POLL_MS);
  return (
    <>
      <Heading text={t('keys')} />
      <Pending answer={answer} />
      {answer.value && (
        <Table columns={['address', 'threshold', 'coordinator', 'state', 'created']}>
          {answer.value.keys.map((key) => (
            <tr key={key.address}>
              <td>
                <a href={hrefOf({ view: 'keys', id: key.address })}>
                  <Code value={key.address} />
                </a>
              </td>
              <td>
                {key.threshold} {t('of')} {key.total_parts}
              </td>
              <td>{shown(key.creator)}</td>
              <td>
                <State value={key.state} />
              </td>
              <td>
                <When at={key.created_at} />
              </td>
            </tr>
          ))}
        </Table>
      )}
      <Pages paging={paging} next={answer.value?.next} />
    </>
  );
}

/** One key and its holders. */
export function Key({ id }: { id: string }) {
  const path = `/api/v1/keys/${encodeURIComponent(id)}`;
  const answer = useAnswer<KeyAnswer>(path, POLL_MS);
  return (
    <>
      <Heading text={shown(id)}>
        <a href={hrefOf({ view: 'keys' })}>{t('back')}</a>
      </Heading>
      <Pending answer={answer} />
      {answer.value && <Shown value={answer.value} />}
    </>
  );
}

function Shown({ value: key }: { value: KeyAnswer }) {
  return (
    <>
      <Facts>
        <Fact name="address">
          <Code value={key.address} copy />
        </Fact>
        <Fact name="public_key">
          <Code value={key.public_key} copy />
        </Fact>
        <Fact name="threshold">{`${key.threshold} ${t('of')} ${key.total_parts}`}</Fact>
        <Fact name="state">
          <State value={key.state} />
        </Fact>
        <Fact name="epoch">{key.epoch}</Fact>
        <Fact name="coordinator">{shown(key.creator)}</Fact>
        <Fact name="grants">{key.grants.map(shown).join(', ') || t('nobody')}</Fact>
        <Fact name="created">
          <When at={key.created_at} />
        </Fact>
        <Fact name="session_key">
          <a href={hrefOf({ view: 'sessions', id: key.session_key })}>{shown(key.session_key)}</a>
        </Fact>
      </Facts>
      <h2>{t('holders')}</h2>
      <Table columns={['part_index', 'username', 'chip', 'label', 'state', 'record']}>
        {key.holders.map((holder) => (
          <tr key={holder.part_index}>
            <td>{holder.part_index}</td>
            <td>{shown(holder.username)}</td>
            <td>{shown(holder.se_id)}</td>
            <td>{shown(holder.chip_label)}</td>
            <td>
              <State value={holder.chip_state} />
            </td>
            <td>
              <State value={holder.record_state} />
            </td>
          </tr>
        ))}
      </Table>
    </>
  );
}
