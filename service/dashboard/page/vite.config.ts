import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const SERVER = process.env['PHASELINE_URL'] ?? 'http://127.0.0.1:8000'
const CLIENT = fileURLToPath(new URL('../../../openapi/clients/typescript/src/index.ts', import.meta.url))

export default defineConfig({
  base: '/dashboard/',
  resolve: { alias: { 'phaseline-client': CLIENT } },
  // While developing, everything that is not the page is asked of a server that runs beside it.
  server: { proxy: { '^/(?!dashboard)': { target: SERVER, ws: true } } },
  build: {
    outDir: '../built',
    emptyOutDir: true,
    target: ['es2023', 'chrome123', 'firefox128', 'safari17.5'], // these have `light-dark()` in CSS
    manifest: 'manifest.json',
    assetsInlineLimit: 0, // the policy lets nothing in that is not a file of ours
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
})
