import { defaultClientConditions, defineConfig } from 'vite';

// `npm run dev` passes the coordinator's REST through, so that the page and it share an origin.
const coordinator = process.env['QUORATE_URL'] ?? 'http://127.0.0.1:8080';

export default defineConfig({
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  resolve: { conditions: ['quorate-source', ...defaultClientConditions] },
  build: {
    target: 'es2022',
    // The Content-Security-Policy of the page allows files of this origin only, nothing inline.
    assetsInlineLimit: 0,
    modulePreload: false,
    reportCompressedSize: false,
    // Of the library only what shows text is used; its curves need not travel.
    rolldownOptions: {
      treeshake: { moduleSideEffects: (id) => !/packages\/intent\/|@noble\//.test(id) },
    },
  },
  server: { proxy: { '/api': coordinator } },
});
