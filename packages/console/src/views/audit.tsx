import type { AuditEntry, AuditList, CheckpointAnswer } from '@quorate/wire';
import { useSignal } from '@preact/signals';
import { ApiProblem, contentOf } from '../api.ts';
import { Pages, usePaging, withQuery } from '../paging.tsx';
import { Code, Fact, Facts, Heading, Pending, State, Table, When } from '../parts.tsx';
import { type Answer, useAnswer } from '../polling.ts';
import { api, shown, t, word } from '../tab.ts';

const POLL_MS = 5000;
const OUTCOMES = ['ok', 'refused', 'failed'] as const;

/** The log, newest first, with a signed head of its chain on demand. */
export function Audit() {
  const outcome = useSignal('');
  const paging = usePaging(outcome.value);
  const query = { outcome: outcome.value, before: paging.cursor };
  const answer = useAnswer<AuditList>(withQuery('/api/v1/audit', query), POLL_MS);
  return (
    <>
      <Heading text={t('audit')}>
        <select
          aria-label={t('outcome')}
          value={outcome.value}
          onChange={(event) => {
            outcome.value = event.currentTarget.value;
          }}
        >
          <option value="">{t('all')}</option>
          {OUTCOMES.map((name) => (
            <option key={name} value={name}>
              {word(name)}
            </option>
          ))}
        </select>
      </Heading>
      <Checkpoint />
      <Pending answer={answer} />
      {answer.value && (
        <Table columns={['entry', 'time', 'actor', 'action', 'subject', 'outcome', 'details']}>
          {answer.value.entries.map((entry) => (
            <Row key={entry.seq} entry={entry} />
          ))}
        </Table>
      )}
      <Pages paging={paging} next={answer.value?.next?.toString()} />
    </>
  );
}

function Row({ entry }: { entry: AuditEntry }) {
  const details = Object.entries(entry.details);
  return (
    <tr>
      <td>{entry.seq}</td>
      <td>
        <When at={entry.at} />
      </td>
      <td>{shown(entry.actor)}</td>
      <td>
        <Code value={entry.action} />
      </td>
      <td>{shown(entry.subject)}</td>
      <td>
        <State value={entry.outcome} />
      </td>
      <td class="details">
        {details.map(([name, value]) => (
          <span key={name}>
            <b>{shown(name)}</b> {shown(Array.isArray(value) ? value.join(', ') : String(value))}
          </span>
        ))}
      </td>
    </tr>
  );
}

/** Signs and shows the head of the chain; saves the whole log as a file. */
function Checkpoint() {
  const answer = useSignal<Answer<CheckpointAnswer>>({});
  const asked = useSignal(false);
  const ask = async (work: () => Promise<Answer<CheckpointAnswer>>): Promise<void> => {
    asked.value = true;
    try {
      answer.value = await work();
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      answer.value = { problem: error };
    } finally {
      asked.value = false;
    }
  };
  const { value } = answer.value;
  return (
    <section class="card">
      <button type="button" disabled={asked.value} onClick={() => void ask(sign)}>
        {t('checkpoint')}
      </button>{' '}
      <button
        type="button"
        disabled={asked.value}
        onClick={() => void ask(() => save().then(() => answer.value))}
      >
        {t('export')}
      </button>
      {answer.value.problem && <Pending answer={answer.value} />}
      {value && (
        <>
          <Facts>
            <Fact name="entry">{value.seq}</Fact>
            <Fact name="time">
              <When at={value.at} />
            </Fact>
            <Fact name="hash">
              <Code value={value.hash} copy />
            </Fact>
            <Fact name="signature">
              <Code value={value.signature} copy />
            </Fact>
            <Fact name="audit_key">
              <Code value={value.public_key} copy />
            </Fact>
          </Facts>
          <p class="faint">{t('checkpoint_note')}</p>
        </>
      )}
    </section>
  );
}

async function sign(): Promise<Answer<CheckpointAnswer>> {
  return { value: await contentOf<CheckpointAnswer>(await api.get('/api/v1/audit/checkpoint')) };
}

async function save(): Promise<void> {
  const log = await (await api.get('/api/v1/audit/export')).blob();
  const link = document.createElement('a');
  link.href = URL.createObjectURL(log);
  link.download = 'quorate-audit.jsonl';
  link.click();
  URL.revokeObjectURL(link.href);
}
