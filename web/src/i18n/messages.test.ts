// What the message files promise: every language says the same things, and no component says anything by itself.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import ts from "typescript";
import { describe, expect, it } from "vitest";

import { languages, messages, text } from "./messages";

const root = join(import.meta.dirname, "..");

const sources = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((path) => /\.tsx?$/.test(path) && !/\.test\.tsx?$/.test(path))
  .map((path) => ({ path, code: readFileSync(join(root, path), "utf8") }));

const holes = (message: string) => [...message.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

describe.each(languages.filter((language) => language !== "es"))("%s", (language) => {
  it("has exactly the keys of the Spanish source", () => {
    expect(Object.keys(messages[language])).toEqual(Object.keys(messages.es));
  });

  it("has the same holes under every key, and words around them", () => {
    for (const [key, message] of Object.entries(messages[language])) {
      const source = text("es", key as keyof typeof messages.es);
      expect({ key, holes: holes(message) }).toEqual({ key, holes: holes(source) });
      expect(message.trim(), key).not.toBe("");
    }
  });
});

it("has no message that nobody says", () => {
  const code = sources.map((source) => source.code).join("\n");
  expect(Object.keys(messages.es).filter((key) => !code.includes(`"${key}"`))).toEqual([]);
});

it("fills the holes of a message", () => {
  expect(text("es", "state.updated", { ago: "hace 3 s" })).toBe("Actualizado hace 3 s");
});

describe("words in components", () => {
  it("there are none: every text comes from the message files", () => {
    expect(sources.flatMap(({ path, code }) => wordsIn(path, code))).toEqual([]);
  });

  it.each([
    ["<p>Hola</p>", "Hola"],
    ["<p>{\"Hola\"}</p>", "Hola"],
    ["<p>{late ? `Tarde ${when}` : null}</p>", "Tarde "],
    ["<p>{a === \"b\" && \"Hola\"}</p>", "Hola"],
    ["<input placeholder=\"Nombre\" />", "Nombre"],
    ["<svg aria-label={\"Logo\"} />", "Logo"],
  ])("would be found in %s", (code, word) => {
    expect(wordsIn("a.tsx", `const a = ${code};`)).toEqual([`a.tsx: ${word}`]);
  });

  it.each(["<p className=\"muted\">{say(\"hilo\")} · {name}</p>", "<a href=\"/\" aria-hidden=\"true\">{x ?? say(\"hilo\")}</a>"])(
    "are not seen in %s",
    (code) => { expect(wordsIn("a.tsx", `const a = ${code};`)).toEqual([]); },
  );
});

/** Attributes whose value is read by people. */
const READ = new Set([
  "alt", "aria-description", "aria-label", "aria-roledescription", "aria-valuetext", "label", "placeholder", "title",
]);

const { AmpersandAmpersandToken, BarBarToken, PlusToken, QuestionQuestionToken } = ts.SyntaxKind;

/** What a binary expression can turn into: not what it compares, and not the condition before `&&`. */
function operands({ left, operatorToken, right }: ts.BinaryExpression): ts.Expression[] {
  switch (operatorToken.kind) {
    case BarBarToken: case QuestionQuestionToken: case PlusToken: return [left, right];
    case AmpersandAmpersandToken: return [right];
    default: return [];
  }
}

/** Letters that a component itself puts before people: text, strings as children, and attributes that are read. */
function wordsIn(path: string, code: string): string[] {
  const found: string[] = [];
  const note = (words: string) => { if (/\p{L}/u.test(words)) found.push(`${path}: ${words}`); };

  /** The literals that an expression can turn into; arguments of calls are not among them. */
  const literals = (node: ts.Node) => {
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) note(node.text);
    else if (ts.isTemplateExpression(node)) {
      for (const part of [node.head, ...node.templateSpans.map((span) => span.literal)]) note(part.text);
    } else if (ts.isConditionalExpression(node)) [node.whenTrue, node.whenFalse].forEach(literals);
    else if (ts.isBinaryExpression(node)) operands(node).forEach(literals);
    else if (ts.isParenthesizedExpression(node)) literals(node.expression);
  };

  const visit = (node: ts.Node) => {
    if (ts.isJsxText(node)) note(node.text);
    else if (ts.isJsxExpression(node) && node.expression && !ts.isJsxAttribute(node.parent)) literals(node.expression);
    else if (ts.isJsxAttribute(node) && READ.has(node.name.getText()) && node.initializer) {
      const value = node.initializer;
      literals(ts.isJsxExpression(value) && value.expression ? value.expression : value);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, code, ts.ScriptTarget.Latest, true, path.endsWith("x") ? ts.ScriptKind.TSX : ts.ScriptKind.TS));
  return found;
}
