import { useSignal } from '@preact/signals';
import type { TargetedSubmitEvent } from 'preact';
import { ApiProblem } from '../api.ts';
import { account, api, shown, t } from '../tab.ts';

/** Name and password. The password field is cleared after every answer. */
export function Login() {
  const problem = useSignal('');
  const busy = useSignal(false);
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget;
    const given = new FormData(form);
    busy.value = true;
    problem.value = '';
    try {
      account.value = await api.login(
        textOf(given, 'username').normalize('NFC'),
        textOf(given, 'password'),
      );
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      problem.value = error.code === 'unreachable' ? t('offline') : shown(error.message);
    } finally {
      busy.value = false;
      const password = form.elements.namedItem('password');
      if (password instanceof HTMLInputElement) password.value = '';
    }
  };
  return (
    <main class="login">
      <h1>{t('title')}</h1>
      <p class="faint">{t('subtitle')}</p>
      <form onSubmit={(event) => void submit(event)}>
        <label>
          {t('username')}
          <input name="username" autocomplete="username" required maxLength={64} autofocus />
        </label>
        <label>
          {t('password')}
          <input name="password" type="password" autocomplete="current-password" required />
        </label>
        <button type="submit" class="primary" disabled={busy.value}>
          {t(busy.value ? 'logging_in' : 'login')}
        </button>
        {problem.value !== '' && (
          <p class="notice bad" role="alert">
            {problem.value}
          </p>
        )}
      </form>
      <p class="faint">{t('login_note')}</p>
    </main>
  );
}

function textOf(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === 'string' ? value : '';
}
