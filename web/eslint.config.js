import js from "@eslint/js";
import stylistic from "@stylistic/eslint-plugin";
import jsxA11y from "eslint-plugin-jsx-a11y";
import reactHooks from "eslint-plugin-react-hooks";
import { defineConfig } from "eslint/config";
import globals from "globals";
import tseslint from "typescript-eslint";

export default defineConfig(
  { ignores: ["dist", "test/e2e/out", "src/api/__generated__"] },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  stylistic.configs.customize({ quotes: "double", semi: true, braceStyle: "1tbs", arrowParens: true }),
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "eqeqeq": "error",
      "no-console": "error",
      "@stylistic/max-len": ["error", { code: 120, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreRegExpLiterals: true }],
      // Two short things on one line read better than a column of braces.
      "@stylistic/jsx-one-expression-per-line": "off",
      "@stylistic/max-statements-per-line": ["error", { max: 2 }],
      "@stylistic/operator-linebreak": ["error", "before", { overrides: { "=": "after" } }],
      "@typescript-eslint/consistent-type-definitions": ["error", "type"],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
    },
  },
  {
    files: ["src/**/*.{ts,tsx}"],
    extends: [jsxA11y.flatConfigs.strict, reactHooks.configs.flat["recommended-latest"]],
    languageOptions: { globals: globals.browser },
  },
  {
    // A world of data reads better in rows than in columns.
    files: ["test/fake/*.mjs"],
    rules: { "@stylistic/max-len": "off", "@stylistic/max-statements-per-line": "off" },
  },
  {
    files: ["test/**/*.mjs", "*.{js,ts}"],
    languageOptions: { globals: globals.node },
    rules: {
      // What is evaluated in a page has other globals; TypeScript knows which names exist.
      "no-undef": "off",
      // A cast is a comment in JavaScript; the compiler reads it, the linter does not.
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-floating-promises": ["error", {
        allowForKnownSafeCalls: [{ from: "package", package: "node:test", name: ["describe", "it", "test"] }],
      }],
    },
  },
);
