import js from '@eslint/js';
import rxjsX from 'eslint-plugin-rxjs-x';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

const nodeGlobals = Object.fromEntries(
  [
    ...['AbortController', 'Buffer', 'URL', 'console', 'fetch', 'performance', 'process'],
    ...['clearInterval', 'setInterval', 'setTimeout'],
  ].map((name) => [name, 'readonly']),
);

export default defineConfig(
  { ignores: ['dist/', '.build/', 'coverage/', 'node_modules/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked, rxjsX.configs.strict],
    languageOptions: {
      parserOptions: {
        project: ['tsconfig.json', 'src/page/tsconfig.json', 'swarm/tsconfig.json', 'spec/tsconfig.json'],
      },
    },
    rules: {
      // Numbers in a text are fine where the text is for people.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    files: ['spec/**/*.ts'],
    rules: {
      // Chai's assertions are expressions; a spec may throw away what it is not about.
      '@typescript-eslint/no-unused-expressions': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      // A stream that ends with nothing is to fail the spec that waits for its value.
      'rxjs-x/no-ignored-default-value': 'off',
    },
  },
  {
    files: ['**/*.mjs', '*.js'],
    languageOptions: { globals: nodeGlobals },
  },
);
