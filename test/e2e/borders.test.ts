// The borders that .oxlintrc.json draws, in a tree of files that cross them: a rule that is lost fails here.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LINT = join(ROOT, 'node_modules', 'oxlint', 'bin', 'oxlint');

/** The diagnostics of lint for a file that has these imports and nothing else. */
function judged(path: string, imported: string): readonly { code: string; help: string }[] {
  const tree = temporaryDirectory();
  cpSync(join(ROOT, '.oxlintrc.json'), join(tree, '.oxlintrc.json'));
  mkdirSync(join(tree, dirname(path)), { recursive: true });
  writeFileSync(
    join(tree, path),
    `import type { One } from '${imported}';\nexport type Two = One;\n`,
  );
  const { stdout } = spawnSync(process.execPath, [LINT, '--format', 'json'], {
    cwd: tree,
    encoding: 'utf8',
  });
  return (JSON.parse(stdout) as { diagnostics: { code: string; help: string }[] }).diagnostics;
}

/** The messages of the rule of imports. */
function refusals(path: string, imported: string): string[] {
  return judged(path, imported)
    .filter(({ code }) => code === 'eslint(no-restricted-imports)')
    .map(({ help }) => help);
}

const TSS = 'packages/tss/src';
const APART = [expect.stringContaining('protocols do not know each other')];

describe('W-17: lint', () => {
  test.each(['two-party/src/reduce.ts', 'intent/src/chip.ts', 'tss/src/codec.ts'])(
    'lets %s import no module of Node by its old name, which the borders do not know',
    (file) => {
      const codes = judged(`packages/${file}`, 'fs').map(({ code }) => code);
      expect(codes).toContain('unicorn(prefer-node-protocol)');
    },
  );

  test.each([
    ['dkls23/sign.ts', '../lindell17/parameters.ts'],
    ['lindell17/sign.ts', '../dkls23/parameters.ts'],
    ['lindell17/deeper/sign.ts', '../../dkls23/parameters.ts'],
  ])('refuses that tss/%s imports another protocol', (file, imported) => {
    expect(refusals(`${TSS}/${file}`, imported)).toEqual(APART);
  });

  test.each([
    ['index.ts', './dkls23/keyshare.ts'],
    ['codec.ts', './lindell17/messages.ts'],
    ['arith/scalar.ts', '../dkls23/parameters.ts'],
    ['backend/portable.ts', '../lindell17/numbers.ts'],
    ['backend/native.ts', '../lindell17/numbers.ts'],
    ['zk/affG.ts', '../lindell17/parameters.ts'],
    ['ot/base.ts', '../dkls23/pairs.ts'],
  ])('refuses that tss/%s, of the ground, imports a protocol', (file, imported) => {
    expect(refusals(`${TSS}/${file}`, imported)).toEqual(APART);
  });

  test.each([
    ['round/session.ts', '../dkls23/parameters.ts'],
    ['round/session.ts', '../curve.ts'],
  ])('refuses that tss/%s imports %s', (file, imported) => {
    expect(refusals(`${TSS}/${file}`, imported)).toEqual([
      expect.stringContaining('round/ knows no cryptography'),
    ]);
  });

  test.each([
    ['dkls23/sign.ts', '@quorate/tss/lindell17'],
    ['lindell17/sign.ts', '@quorate/tss/dkls23'],
    ['zk/affG.ts', 'node:crypto'],
    ['dkls23/sign.ts', 'node:crypto'],
    ['backend/native.ts', '@quorate/wire'],
  ])('keeps tss/%s pure of %s', (file, imported) => {
    expect(refusals(`${TSS}/${file}`, imported)).toEqual([expect.stringContaining('tss is pure')]);
  });

  test.each([
    ['dkls23/sign.ts', './keyshare.ts'],
    ['lindell17/sign.ts', '../zk/affG.ts'],
    ['dkls23/sign.ts', '../ot/rvole.ts'],
    ['backend/native.ts', 'node:crypto'],
  ])('lets tss/%s import %s', (file, imported) => {
    expect(refusals(`${TSS}/${file}`, imported)).toEqual([]);
  });

  test.each(['@quorate/tss', '@quorate/tss/lindell17', '@quorate/wire', '@quorate/intent'])(
    'lets the session of two import %s',
    (imported) => expect(refusals('packages/two-party/src/reduce.ts', imported)).toEqual([]),
  );

  test.each(['@quorate/tss/dkls23', '@quorate/intent/directory', '@quorate/cosigner', 'node:fs'])(
    'refuses that the session of two imports %s',
    (imported) => {
      expect(refusals('packages/two-party/src/reduce.ts', imported)).toEqual([
        expect.stringContaining('two-party depends on'),
      ]);
    },
  );

  test.each(['@quorate/tss', '@quorate/tss/dkls23', '@quorate/tss/lindell17', '@quorate/holder'])(
    'refuses that the coordinator imports %s',
    (imported) => {
      expect(refusals('packages/coordinator/src/server.ts', imported)).toEqual([
        expect.stringContaining('must not be able to touch a share'),
      ]);
    },
  );

  test.each([
    ['agent/src/agent.ts', '@quorate/cosigner', 'knows no cosigner'],
    ['agent/src/agent.ts', '@quorate/two-party', 'knows no cosigner'],
    ['cosigner/src/vault.ts', '@quorate/agent', 'knows no agent'],
    ['cosigner/src/peer/hub.ts', '@quorate/agent', 'knows neither shares nor chips'],
    ['holder/src/chip/chip.ts', '@quorate/agent', 'knows no program'],
    ['holder/src/chip/chip.ts', '@quorate/cosigner', 'knows no program'],
    ['holder/src/chip/chip.ts', '@quorate/tss/dkls23', 'any protocol'],
    ['agent/src/protocol/host.ts', '@quorate/tss/lindell17', 'that of groups'],
    ['cosigner/src/worker/host.ts', '@quorate/tss/dkls23', 'that of two'],
  ])('refuses that %s imports %s', (file, imported, why) => {
    expect(refusals(`packages/${file}`, imported)).toEqual([expect.stringContaining(why)]);
  });

  test.each(['agent/src/agent.ts', 'cosigner/src/vault.ts'])(
    'lets %s import the holder',
    (file) => {
      expect(refusals(`packages/${file}`, '@quorate/holder')).toEqual([]);
    },
  );
});

/** The sources of a package, or of all, that hold one of these words. */
function sourcesWith(pattern: RegExp): string[] {
  const packages = join(ROOT, 'packages');
  return readdirSync(packages)
    .flatMap((name) =>
      readdirSync(join(packages, name, 'src'), { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts'))
        .map((file) => `${name}/src/${file}`),
    )
    .filter((file) => pattern.test(readFileSync(join(packages, file), 'utf8')));
}

describe('W-16: a rule of safety stands once', () => {
  test('an attempt to have an opener released is counted in one place', () => {
    expect(sourcesWith(/outstanding \+ \d/)).toEqual(['holder/src/chip/countedRelease.ts']);
  });

  test('the words by which a chip cannot have counted are listed in one place', () => {
    // secure-element names every status word and says of none whether the chip has counted.
    const listing = sourcesWith(/0x6982,[^;]*0x6a88/i).filter(
      (file) => !file.startsWith('secure-element/'),
    );
    expect(listing).toEqual(['holder/src/chip/refusals.ts']);
  });

  test('a session certificate is judged in one place', () => {
    const judging = sourcesWith(/\b(isSignedBy|verifyCertificate)\(/);
    expect(judging.toSorted()).toEqual([
      'intent/src/certificate.ts',
      'intent/src/judgeCertificate.ts',
    ]);
  });
});
