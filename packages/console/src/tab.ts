/** The state of this tab, only in memory: the login, the language, the route. */
import { escapeForDisplay } from '@quorate/intent';
import { signal } from '@preact/signals';
import { type Account, createApi } from './api.ts';
import { parseRoute, type Route } from './route.ts';
import { type Language, languageOf, type TextKey, textIn, wordIn } from './texts.ts';

/** The logged-in user, if any. */
export const account = signal<Account | undefined>(undefined);
/** The language of the page. */
export const language = signal<Language>(languageOf(navigator.language));
/** The current route. */
export const route = signal<Route>(parseRoute(location.hash));

/** The client of the coordinator that served the page. */
export const api = createApi({
  fetch: (path, call) => fetch(path, { ...call, cache: 'no-store', credentials: 'omit' }),
  now: () => Date.now(),
  onLoggedOut: () => {
    account.value = undefined;
  },
});

/** A text of the page in its language. */
export function t(key: TextKey): string {
  return textIn(language.value, key);
}

/** A text from the server or from people: escaped, never translated. */
export function shown(text: string): string {
  return escapeForDisplay(text);
}

/** A state, an outcome, a kind or a role: translated if known, and always escaped. */
export function word(text: string): string {
  return escapeForDisplay(wordIn(language.value, text));
}

/** Changes the language of the page, and declares it for screen readers. */
export function speak(next: Language): void {
  language.value = next;
  document.documentElement.lang = next;
}

addEventListener('hashchange', () => {
  route.value = parseRoute(location.hash);
});
speak(language.value);
