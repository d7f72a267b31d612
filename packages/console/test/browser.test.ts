/**
 * The built page in a real browser, served by a real coordinator under its real policy. Needs
 * Chromium; says so in one line when there is none.
 */
import { existsSync, readFileSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { consoleFiles } from '../../cli/src/coordinator/page.ts';
import { auditVerify } from '../../coordinator/src/index.ts';
import {
  acceptAll,
  factsOf,
  keygenRequest,
  makeKey,
} from '../../coordinator/test/support/ceremony.ts';
import { Participant } from '../../coordinator/test/support/participant.ts';
import { openWorld, type World } from '../../coordinator/test/support/world.ts';

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
  .concat(process.env['CHROMIUM'] ?? [])
  .find((path) => existsSync(path));
if (executablePath === undefined) {
  process.stdout.write('skipped: the page in a browser (install chromium, or set CHROMIUM)\n');
}

const NAMES = ['用户1', '用户2', '用户3'];
const HOSTILE = '<img src=x onerror=alert(1)> 0.1\u202e0001\u202c';

describe.skipIf(executablePath === undefined)('the page in a browser', () => {
  let world: World;
  let browser: Browser;
  let page: Page;
  let participants: Participant[];
  let address: string;
  const problems: string[] = [];

  const shown = (text: string) => page.getByText(text).first().waitFor();
  const open = (name: string) => page.getByRole('link', { name, exact: true }).click();
  const login = async (password: string): Promise<void> => {
    await page.getByLabel('Username').fill('admin');
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Log in' }).click();
  };

  beforeAll(async () => {
    const files = consoleFiles();
    if (!files.has('/')) throw new Error('build the page first: npm run build -w @quorate/console');
    world = await openWorld(NAMES, { consoleFiles: files });
    participants = await Promise.all(NAMES.map((name) => Participant.connect(world, name)));
    const coordinator = await world.connect('coordinator', 'coordinator');
    ({ address } = await makeKey(world, coordinator, participants, 2));
    coordinator.send(keygenRequest(NAMES, 2, 'waiting'));
    await Promise.all(participants.map(({ socket }) => socket.settled()));
    await world.rest('PATCH', `/chips/${encodeURIComponent('SE-用户2')}`, { label: HOSTILE });
    browser = await chromium.launch({
      executablePath: executablePath ?? '',
      args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    });
    page = await browser.newPage({ locale: 'en-GB', viewport: { width: 1200, height: 800 } });
    page.setDefaultTimeout(20_000);
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('dialog', (dialog) => problems.push(dialog.message()));
    page.on('console', (message) => {
      if (/Content.Security.Policy|Trusted/i.test(message.text())) problems.push(message.text());
    });
    await page.goto(world.server.url);
  });

  afterAll(async () => {
    await browser?.close();
    for (const { socket } of participants ?? []) await socket.close();
    await world?.end();
  });

  it('refuses a wrong password in words, and empties the field', async () => {
    await login('not the password');
    await shown('username or password is wrong');
    expect(await page.getByLabel('Password').inputValue()).toBe('');
  });

  it('shows the sessions after a login', async () => {
    await login('a long enough passphrase');
    await page.getByRole('link', { name: 'waiting' }).waitFor();
    await page.locator('tbody').getByText('completed').waitFor();
    expect(await page.locator('tbody tr').count()).toBe(2);
  });

  it('shows who is waited for, and follows the session as they answer', async () => {
    await page.getByRole('link', { name: 'waiting' }).click();
    await page.locator('.name').nth(2).waitFor();
    expect(await page.locator('.name').allInnerTexts()).toEqual(NAMES);
    await acceptAll(participants, 'keygen', factsOf(world, NAMES), 'waiting');
    await page.locator('tbody').getByText('accepted').nth(2).waitFor();
    await page.locator('li[aria-current=step]').getByText('running').waitFor();
  });

  it('shows a key with its holders', async () => {
    await open('Keys');
    await page.getByRole('link', { name: address }).click();
    await page.locator('tbody tr').nth(2).waitFor();
    expect(await page.locator('tbody td:nth-child(2)').allInnerTexts()).toEqual(NAMES);
  });

  it('R-16: shows text from others as text, with what reorders it made visible', async () => {
    await open('Chips');
    const label = page.locator('td').filter({ hasText: 'onerror' });
    await label.waitFor();
    expect(await label.innerText()).toBe('<img src=x onerror=alert(1)> 0.1\\u{202e}0001\\u{202c}');
    expect(await page.locator('img').count()).toBe(0);
  });

  it('shows users and the audit log, and signs a checkpoint', async () => {
    await open('Users');
    await page.locator('tbody').getByText('administrator', { exact: true }).waitFor();
    await open('Audit');
    await page.locator('tbody').getByText('keygen.request').first().waitFor();
    await page.getByRole('button', { name: 'Sign a checkpoint' }).click();
    await shown('Audit key');
  });

  it('saves the audit log, which the offline check accepts', async () => {
    const [saved] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Export' }).click(),
    ]);
    expect(saved.suggestedFilename()).toBe('quorate-audit.jsonl');
    const verdict = auditVerify(readFileSync(await saved.path(), 'utf8'));
    expect(verdict).toMatchObject({ ok: true });
  });

  it('speaks Chinese', async () => {
    await page.getByRole('button', { name: '中文' }).click();
    await page.getByRole('link', { name: '会话' }).click();
    await page.locator('tbody').getByText('密钥生成').first().waitFor();
    expect(await page.evaluate('document.documentElement.lang')).toBe('zh-CN');
    // A name is a name in every language, also when it reads like a role.
    expect(await page.locator('.who').innerText()).toBe('admin');
    expect(await page.locator('.who').getAttribute('title')).toBe('管理员');
    await page.getByRole('button', { name: 'English' }).click();
  });

  it('says that the server is away, keeps what it shows, and goes on when it is back', async () => {
    await page.route('**/api/v1/sessions*', (route) => route.abort());
    await shown('The coordinator does not answer; trying again.');
    await page.getByRole('link', { name: 'waiting' }).waitFor();
    await page.unroute('**/api/v1/sessions*');
    await page.getByRole('alert').waitFor({ state: 'detached' });
  });

  it('keeps nothing outside the memory of the tab', async () => {
    const kept = 'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])';
    expect(await page.evaluate(kept)).toBe('[{},{},""]');
    expect(page.url()).not.toMatch(/token|eyJ/);
    await page.reload();
    await page.getByRole('button', { name: 'Log in' }).waitFor();
  });

  it('ends the login on the server as well', async () => {
    await login('a long enough passphrase');
    const asked = await page.waitForRequest((request) => request.url().includes('/sessions'));
    const { authorization = '' } = await asked.allHeaders();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('button', { name: 'Log in' }).waitFor();
    const users = `${world.server.url}/api/v1/users`;
    await expect
      .poll(async () => (await fetch(users, { headers: { authorization } })).status)
      .toBe(401);
  });

  it('broke no rule of its policy, which forbids markup from strings', async () => {
    expect(problems).toEqual([]);
    const attempt = `try { document.body.innerHTML = '<b>x</b>'; 'set' } catch { 'refused' }`;
    expect(await page.evaluate(attempt)).toBe('refused');
  });
});
