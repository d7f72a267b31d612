/**
 * Writes the tables of products, protocols, chips and packages into the pages, from docs/scope.json and the manifests of the packages.
 *
 *     node scripts/scope.mjs            writes the sections between `<!-- scope … -->` and `<!-- end of scope -->`
 *     node scripts/scope.mjs --check    writes nothing; names the stale pages and exits 1
 *
 * A folder as last argument is another checkout.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, posix, resolve } from 'node:path';

const PAGES = [
  ['README.md', 'en'],
  ['README.zh-CN.md', 'zh'],
  ['docs/architecture.md', 'en'],
  ['docs/architecture.zh-CN.md', 'zh'],
];

const HEADS = {
  en: {
    protocols: ['product', 'protocol', 'built on', 'specification', 'code', 'rounds'],
    layers: ['below them', 'built on', 'specification', 'code'],
    chips: ['chip', 'what it is', 'state'],
    does: ['product', 'It does', 'It does not'],
    packages: ['package', 'content', 'more entries', 'depends on', 'from outside'],
    none: 'none of these',
    optional: ' (optional)',
    comma: ', ',
  },
  zh: {
    protocols: ['产品', '协议', '依据', '规范', '代码', '轮数'],
    layers: ['底层', '依据', '规范', '代码'],
    chips: ['芯片', '是什么', '状态'],
    does: ['产品', '做', '不做'],
    packages: ['包', '内容', '其他入口', '依赖', '外部依赖'],
    none: '不依赖其中任何一个',
    optional: '（可选）',
    comma: '、',
  },
};

const args = process.argv.slice(2);
const check = args[0] === '--check';
const root = resolve((check ? args[1] : args[0]) ?? join(import.meta.dirname, '..'));
const read = (path) => readFileSync(join(root, path), 'utf8');
const scope = JSON.parse(read('docs/scope.json'));
const manifests = readManifests();

/** The manifests of the packages that exist, in the order of the source. */
function readManifests() {
  const present = readdirSync(join(root, 'packages'));
  const unknown = present.filter((name) => scope.packages[name] === undefined);
  if (unknown.length > 0) throw new Error(`docs/scope.json has no line for ${unknown.join(', ')}`);
  return Object.keys(scope.packages)
    .filter((name) => present.includes(name))
    .map((name) => ({ ...JSON.parse(read(`packages/${name}/package.json`)), name }));
}

const table = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

const list = (items) => items.map((item) => `- ${item}`).join('\n');

/** The language of a page, and links as seen from where it stands. */
function writerOf(page, language) {
  const head = HEADS[language];
  const here = (path) => posix.relative(posix.dirname(page), path);
  const link = (path, text) => `[${text}](${here(path)})`;
  const codeLink = (path) =>
    link(path, `\`${path.replace(/^packages\//, '').replace('/src', '')}\``);
  return {
    head,
    say: (texts) =>
      texts[language].replaceAll(/\]\((?!https:)([^)]+)\)/g, (_whole, path) => `](${here(path)})`),
    page: (path) => link(path, posix.basename(path)),
    code: (paths) =>
      paths
        .filter((path) => existsSync(join(root, path)))
        .map(codeLink)
        .join(head.comma),
    several: (names, none) => names.join(head.comma) || none,
  };
}

/** The sections by name, each as a function of the page's writer. */
const SECTIONS = {
  products: ({ say }) => list(scope.products.map(say)),
  protocols: ({ head, say, page, code }) =>
    table(
      head.protocols,
      scope.protocols.map((one) => [
        ...[one.product, one.name, one.paper].map(say),
        page(one.specification),
        code(one.code),
        one.rounds,
      ]),
    ),
  layers: ({ head, say, page, code }) =>
    table(
      head.layers,
      scope.layers.map((one) => [
        ...[one.name, one.built].map(say),
        page(one.specification),
        code(one.code),
      ]),
    ),
  chips: ({ head, say }) => {
    const rows = scope.chips.map((one) => [one.name, one.is, one.tested].map(say));
    return table(head.chips, rows);
  },
  does: ({ head, say }) => {
    const rows = scope.does.map((one) => [one.product, one.does, one.not].map(say));
    return table(head.does, rows);
  },
  absent: ({ say }) => list(scope.absent.map(say)),
  packages: ({ head, say, several }) =>
    table(
      head.packages,
      manifests.map((one) => [
        `\`${one.name}\``,
        say(scope.packages[one.name]),
        several(entriesOf(one), '–'),
        several(oursOf(one), head.none),
        several(othersOf(one, head.optional), '–'),
      ]),
    ),
};

/** The packages of this repository that a manifest names. */
function oursOf({ dependencies = {} }) {
  const named = new Set(Object.keys(dependencies));
  return manifests.map(({ name }) => name).filter((name) => named.has(`@quorate/${name}`));
}

/** The packages from elsewhere that a manifest names. */
function othersOf({ dependencies = {}, optionalDependencies = {} }, optional) {
  const needed = Object.keys(dependencies).filter((name) => !name.startsWith('@quorate/'));
  return [
    ...needed.map((name) => `\`${name}\``),
    ...Object.keys(optionalDependencies).map((name) => `\`${name}\`${optional}`),
  ].toSorted((a, b) => (a < b ? -1 : 1));
}

/** The entries that a manifest exports beside the main one. */
function entriesOf({ exports = {} }) {
  return Object.keys(exports)
    .filter((entry) => entry !== '.' && entry !== './package.json')
    .map((entry) => `\`${entry.slice(1)}\``);
}

const SECTION = /(<!-- scope (\w+)[^>]*-->\n)[\s\S]*?(\n<!-- end of scope -->)/g;

/** A page with its sections written anew. */
function written(page, language) {
  const writer = writerOf(page, language);
  return read(page).replaceAll(SECTION, (_whole, begin, name, end) => {
    const section = SECTIONS[name];
    if (section === undefined) throw new Error(`${page}: no section is called ${name}`);
    return begin + section(writer) + end;
  });
}

for (const [page, language] of PAGES) {
  const text = written(page, language);
  if (text === read(page)) continue;
  if (check) process.exitCode = 1;
  else writeFileSync(join(root, page), text);
  console.log(`${page}: ${check ? 'stale, run node scripts/scope.mjs' : 'written'}`);
}
