import { ROUTES, type Role } from '@quorate/wire';
import { describe, expect, it } from 'vitest';
import { hrefOf, parseRoute, VIEWS, viewsFor } from '../src/route.ts';
import { languageOf, TEXTS, textIn, WORDS, wordIn } from '../src/texts.ts';

describe('the address bar', () => {
  it('reads back every link, whatever the name in it', () => {
    for (const view of VIEWS) {
      expect(parseRoute(hrefOf({ view }))).toEqual({ view });
      for (const id of ['k-1', 'a/b', '#?&%', '用户1', '..']) {
        expect(parseRoute(hrefOf({ view, id }))).toEqual({ view, id });
      }
    }
  });

  it('shows the sessions for anything else', () => {
    for (const fragment of ['', '#', '#/', '#/nothing', '#/__proto__', 'javascript:alert(1)']) {
      expect(parseRoute(fragment)).toEqual({ view: 'sessions' });
    }
    expect(parseRoute('#/keys/%E0%A4%A')).toEqual({ view: 'keys' });
  });

  it('offers to a role exactly the views that the server answers for it', () => {
    const roles: Role[] = ['admin', 'coordinator', 'participant', 'auditor'];
    for (const role of roles) {
      const answered = VIEWS.filter((view) =>
        ROUTES.some(
          ({ method, path, roles: allowed }) =>
            method === 'GET' && path === `/api/v1/${view}` && allowed.includes(role),
        ),
      );
      expect(viewsFor([role])).toEqual(answered);
    }
  });
});

describe('the texts', () => {
  it('are there in both languages', () => {
    for (const [en, zhCN] of [...Object.values(TEXTS), ...Object.values(WORDS)]) {
      expect(en.trim()).not.toBe('');
      expect(zhCN.trim()).not.toBe('');
    }
  });

  it('translate words of the server and leave unknown ones alone', () => {
    expect(wordIn('zh-CN', 'completed')).toBe('已完成');
    expect(wordIn('zh-CN', 'round 2')).toBe('第 2 轮');
    expect(wordIn('en', 'round 2')).toBe('round 2');
    expect(wordIn('zh-CN', 'constructor')).toBe('constructor');
    expect(textIn('en', 'login')).toBe('Log in');
  });

  it('start in the language that the browser prefers', () => {
    expect(['zh', 'zh-CN', 'zh-Hans-SG'].map(languageOf)).toEqual(['zh-CN', 'zh-CN', 'zh-CN']);
    expect(['en', 'de', '', 'zhx'].map(languageOf)).toEqual(['en', 'en', 'en', 'en']);
  });
});
