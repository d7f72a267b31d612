import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { consoleFiles } from '../../cli/src/coordinator/page.ts';

describe('the built page', () => {
  it('is read into memory whole, with the type of every file', () => {
    const files = consoleFiles();
    const page = new TextDecoder().decode(files.get('/')?.body);
    const named = [...page.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((match) => match[1] ?? '');
    expect(named).toHaveLength(3);
    for (const path of named) expect(files.get(path)?.body.length, path).toBeGreaterThan(0);
    expect(files.get('/')?.type).toBe('text/html; charset=utf-8');
  });

  it('asks for nothing from elsewhere and has nothing inline', () => {
    const foreign = /(?:src|href)="(?:https?:)?\/\/|@import|url\(/;
    const inline = /<script>|<style|style="| on\w+="/;
    for (const [path, { body }] of consoleFiles()) {
      const text = new TextDecoder().decode(body);
      expect([path, foreign.test(text), inline.test(text)]).toEqual([path, false, false]);
    }
  });

  it('R-16: is made of sources that never turn text into markup, and store nothing', async () => {
    const source = new URL('../src/', import.meta.url);
    const names = await readdir(source, { recursive: true });
    const forbidden =
      /innerHTML|insertAdjacentHTML|document\.write|localStorage|sessionStorage|\.cookie/i;
    for (const name of names.filter((file) => /\.tsx?$/.test(file))) {
      const text = await readFile(new URL(name, source), 'utf8');
      expect([name, forbidden.test(text)]).toEqual([name, false]);
    }
  });
});
