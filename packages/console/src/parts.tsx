/** Small parts of every view. Data from the server always becomes a text node, escaped. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import type { Answer } from './polling.ts';
import { language, shown, t, word } from './tab.ts';
import type { TextKey } from './texts.ts';

const GOOD = new Set(['completed', 'active', 'ok', 'finished']);
const BAD = new Set(['failed', 'refused', 'lost', 'destroyed']);
const WAITING = new Set(['invited', 'disabled', 'unknown']);

/** A state, in colour and in words. */
export function State({ value }: { value: string }) {
  const tone = GOOD.has(value)
    ? 'good'
    : BAD.has(value)
      ? 'bad'
      : WAITING.has(value)
        ? 'waiting'
        : 'busy';
  return <span class={`state ${tone}`}>{word(value)}</span>;
}

/** A moment, in the reader's time zone. */
export function When({ at }: { at: number }) {
  const date = new Date(at);
  const format = { dateStyle: 'medium', timeStyle: 'medium' } as const;
  return (
    <time dateTime={date.toISOString()} title={date.toISOString()}>
      {new Intl.DateTimeFormat(language.value, format).format(date)}
    </time>
  );
}

/** A value to compare or copy: an address, a hash, a key. */
export function Code({ value, copy = false }: { value: string; copy?: boolean }) {
  const copied = useSignal(false);
  const put = (): void => {
    void navigator.clipboard.writeText(value).then(() => {
      copied.value = true;
    });
  };
  return (
    <span class="code">
      <code>{shown(value)}</code>
      {copy && (
        <button type="button" class="quiet" onClick={put}>
          {t(copied.value ? 'copied' : 'copy')}
        </button>
      )}
    </span>
  );
}

/** Shown in place of a view until it has data, and above it after a failure. */
export function Pending({ answer }: { answer: Answer<unknown> }) {
  const { problem, value } = answer;
  if (problem !== undefined) {
    const text =
      problem.code === 'unreachable'
        ? t('offline')
        : shown([problem.message, problem.detail].filter((part) => part !== '').join(': '));
    return (
      <p class="notice bad" role="alert">
        {text}
      </p>
    );
  }
  return value === undefined ? <p class="faint">{t('loading')}</p> : null;
}

/** A table with a heading for every column, or a note that it is empty. */
export function Table({
  columns,
  children,
}: {
  columns: TextKey[];
  children: ComponentChildren[];
}) {
  if (children.length === 0) return <p class="faint">{t('nothing')}</p>;
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {t(column)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

/** Names and values, one below the other. */
export function Facts({ children }: { children: ComponentChildren }) {
  return <dl class="facts">{children}</dl>;
}

/** One name and its value; nothing without a value. */
export function Fact({ name, children }: { name: TextKey; children: ComponentChildren }) {
  if (children === null || children === undefined) return null;
  return (
    <>
      <dt>{t(name)}</dt>
      <dd>{children}</dd>
    </>
  );
}

/** Heading of a view. */
export function Heading({ text, children }: { text: string; children?: ComponentChildren }) {
  return (
    <header class="heading">
      <h1>{text}</h1>
      {children}
    </header>
  );
}
