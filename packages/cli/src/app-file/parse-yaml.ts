import { HitlessError } from "@hitless/core";
import { isCollection, LineCounter, parseDocument, visit, type YAMLError } from "yaml";
import { keepAsWritten } from "./keep-as-written.ts";
import type { YamlFile } from "./position.ts";

/** A YAML file with the value it stands for. */
export interface ParsedYaml extends YamlFile {
  readonly value: unknown;
}

const sentences: Readonly<Partial<Record<YAMLError["code"], string>>> = {
  TAB_AS_INDENT: "a tab is used to indent; use spaces",
  MULTIPLE_DOCS: "a second document begins here; an app file holds one app",
  TAG_RESOLVE_FAILED: "this tag is not known here; remove it",
};

/**
 * Parses YAML 1.2 with anchors and merge keys. Throws `BAD_INPUT` that lists every mistake as
 * `label:line:column: …`.
 */
export function parseYaml(text: string, label: string): ParsedYaml {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    merge: true,
    logLevel: "error",
  });
  const mistakes = [
    ...[...document.errors, ...document.warnings].map((mistake) => ({
      offset: mistake.pos[0],
      sentence: sentenceOf(mistake, text),
    })),
    ...looseAliases(document),
    ...compoundKeys(document),
  ];
  if (mistakes.length > 0) {
    const told = mistakes.map(({ offset, sentence }) => {
      const { line, col } = lines.linePos(offset);
      return `${label}:${line}:${col}: ${sentence}`;
    });
    throw new HitlessError("BAD_INPUT", [...new Set(told)].join("\n"), {
      next: "correct the YAML",
    });
  }
  keepAsWritten(document);
  return { document, lines, value: toValue(document, label) };
}

interface Mistake {
  readonly offset: number;
  readonly sentence: string;
}

/** Aliases without an anchor above them, in one pass: the library meets them only later, without a position. */
function looseAliases(document: YamlFile["document"]): readonly Mistake[] {
  const anchors = new Set<string>();
  const found: Mistake[] = [];
  visit(document, {
    Value(_, { anchor }) {
      if (anchor !== undefined) anchors.add(anchor);
    },
    Alias(_, { source, range }) {
      if (anchors.has(source)) return;
      found.push({
        offset: range?.[0] ?? 0,
        sentence: `no anchor &${source} stands above this alias`,
      });
    },
  });
  return found;
}

function compoundKeys(document: YamlFile["document"]): readonly Mistake[] {
  const found: Mistake[] = [];
  visit(document, {
    Pair(_, { key }) {
      if (!isCollection(key)) return;
      found.push({
        offset: key.range?.[0] ?? 0,
        sentence: "a key is one word, not a list or mapping",
      });
    },
  });
  return found;
}

function sentenceOf({ code, message, pos }: YAMLError, text: string): string {
  if (code !== "DUPLICATE_KEY") return sentences[code] ?? lowerFirst(message);
  const key = /^[^\s:,{}[\]]+/.exec(text.slice(pos[0]))?.[0] ?? "this key";
  return `${key} is already there above; keep one of the two`;
}

function lowerFirst(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}

/** Anchors that refer to themselves, or that would grow without bound, show only here. */
function toValue(document: YamlFile["document"], label: string): unknown {
  try {
    return document.toJS();
  } catch (cause) {
    throw unresolvable(label, cause);
  }
}

function unresolvable(label: string, cause: unknown): HitlessError {
  return new HitlessError("BAD_INPUT", `${label}: its anchors and aliases cannot be resolved`, {
    next: "write the values out",
    cause,
  });
}
