import type { ChipList, UserList } from '@quorate/wire';
import { Pages, usePaging, withQuery } from '../paging.tsx';
import { Code, Heading, Pending, State, Table, When } from '../parts.tsx';
import { useAnswer } from '../polling.ts';
import { shown, t, word } from '../tab.ts';

const POLL_MS = 10_000;

/** The chips, with the fingerprints that people compare. */
export function Chips() {
  const paging = usePaging('chips');
  const path = withQuery('/api/v1/chips', { after: paging.cursor });
  const answer = useAnswer<ChipList>(path, POLL_MS);
  return (
    <>
      <Heading text={t('chips')} />
      <Pending answer={answer} />
      {answer.value && (
        <Table columns={['chip', 'username', 'label', 'state', 'fingerprint', 'registered_at']}>
          {answer.value.chips.map((chip) => (
            <tr key={chip.se_id}>
              <td>{shown(chip.se_id)}</td>
              <td>{shown(chip.username)}</td>
              <td>{shown(chip.label)}</td>
              <td>
                <State value={chip.state} />
              </td>
              <td>
                <Code value={chip.fingerprint} />
              </td>
              <td>
                <When at={chip.registered_at} />
              </td>
            </tr>
          ))}
        </Table>
      )}
      <Pages paging={paging} next={answer.value?.next} />
    </>
  );
}

/** The users and what they may do. */
export function Users() {
  const paging = usePaging('users');
  const path = withQuery('/api/v1/users', { after: paging.cursor });
  const answer = useAnswer<UserList>(path, POLL_MS);
  return (
    <>
      <Heading text={t('users')} />
      <Pending answer={answer} />
      {answer.value && (
        <Table columns={['username', 'roles', 'state', 'created', 'changed']}>
          {answer.value.users.map((user) => (
            <tr key={user.username}>
              <td>{shown(user.username)}</td>
              <td>{user.roles.map(word).join(', ')}</td>
              <td>
                <State value={user.state} />
              </td>
              <td>
                <When at={user.created_at} />
              </td>
              <td>
                <When at={user.updated_at} />
              </td>
            </tr>
          ))}
        </Table>
      )}
      <Pages paging={paging} next={answer.value?.next} />
    </>
  );
}
