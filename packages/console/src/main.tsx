/** The page: the login decides which views can be chosen, the address bar which one is shown. */
import { render } from 'preact';
import { hrefOf, viewsFor } from './route.ts';
import { account, api, language, route, shown, speak, t, word } from './tab.ts';
import { Audit } from './views/audit.tsx';
import { Key, Keys } from './views/keys.tsx';
import { Login } from './views/login.tsx';
import { Chips, Users } from './views/registers.tsx';
import { Session } from './views/session.tsx';
import { Sessions } from './views/sessions.tsx';

function Page() {
  if (account.value === undefined) {
    return (
      <>
        <LanguageButton />
        <Login />
      </>
    );
  }
  const { username, roles } = account.value;
  const views = viewsFor(roles);
  return (
    <>
      <header class="bar">
        <strong>{t('title')}</strong>
        <nav>
          {views.map((view) => (
            <a
              key={view}
              href={hrefOf({ view })}
              {...(route.value.view === view ? { 'aria-current': 'page' as const } : {})}
            >
              {t(view)}
            </a>
          ))}
        </nav>
        <span class="who" title={roles.map(word).join(', ')}>
          {shown(username)}
        </span>
        <LanguageButton />
        <button type="button" onClick={() => void api.logout()}>
          {t('logout')}
        </button>
      </header>
      <main>{views.includes(route.value.view) ? <View /> : <Sessions />}</main>
      <footer class="faint">{t('approvals_note')}</footer>
    </>
  );
}

function View() {
  const { view, id } = route.value;
  switch (view) {
    case 'sessions':
      return id === undefined ? <Sessions /> : <Session key={id} id={id} />;
    case 'keys':
      return id === undefined ? <Keys /> : <Key key={id} id={id} />;
    case 'chips':
      return <Chips />;
    case 'users':
      return <Users />;
    case 'audit':
      return <Audit />;
    default:
      return view satisfies never;
  }
}

function LanguageButton() {
  const other = language.value === 'en' ? 'zh-CN' : 'en';
  return (
    <button type="button" class="language" lang={other} onClick={() => speak(other)}>
      {t('other_language')}
    </button>
  );
}

const page = document.getElementById('page');
if (page === null) throw new Error('unreachable: the document has no #page');
render(<Page />, page);
