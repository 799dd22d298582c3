import { HitlessError } from "@hitless/core";
import { isCollection, isScalar, LineCounter, parseDocument, visit, type YAMLError } from "yaml";
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
  RESOURCE_EXHAUSTION: "lists and mappings lie too deep in each other here",
};

/** More than any app file has; what is told of each of them takes its time. */
const mostValues = 10_000;

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
    // The library compares each key with each other one.
    uniqueKeys: false,
    logLevel: "error",
  });
  const refuse = (mistakes: readonly Mistake[], next = "correct the YAML", cause?: unknown) => {
    if (mistakes.length === 0) return;
    const told = mistakes.map(({ offset, sentence }) => {
      const { line, col } = lines.linePos(offset);
      return `${label}:${Math.max(1, line)}:${Math.max(1, col)}: ${sentence}`;
    });
    throw new HitlessError("BAD_INPUT", [...new Set(told)].join("\n"), { next, cause });
  };
  refuse([
    ...[...document.errors, ...document.warnings].map((mistake) => ({
      offset: mistake.pos[0],
      sentence: sentences[mistake.code] ?? lowerFirst(mistake.message),
    })),
    ...tooMany(document),
  ]);
  refuse([...repeatedKeys(document), ...looseAliases(document), ...compoundKeys(document)]);
  keepAsWritten(document);
  try {
    return { document, lines, value: document.toJS() };
  } catch (cause) {
    // Anchors that refer to themselves, or that would grow without bound, show only here.
    const sentence = "the anchors and aliases from here on cannot be resolved";
    refuse([{ offset: firstAlias(document), sentence }], "write the values out", cause);
    throw cause;
  }
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

function tooMany(document: YamlFile["document"]): readonly Mistake[] {
  let values = 0;
  let offset: number | null = null;
  visit(document, {
    Value(_, { range }) {
      values += 1;
      if (values <= mostValues) return;
      offset = range?.[0] ?? 0;
      return visit.BREAK;
    },
  });
  if (offset === null) return [];
  const sentence = `there are more than ${mostValues} values; an app file has at most so many`;
  return [{ offset, sentence }];
}

function repeatedKeys(document: YamlFile["document"]): readonly Mistake[] {
  const found: Mistake[] = [];
  visit(document, {
    Map(_, { items }) {
      const above = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (above.has(key.value)) {
          const sentence = `${String(key.value)} is already there above; keep one of the two`;
          found.push({ offset: key.range?.[0] ?? 0, sentence });
        }
        above.add(key.value);
      }
    },
  });
  return found;
}

function firstAlias(document: YamlFile["document"]): number {
  let offset = 0;
  visit(document, {
    Alias(_, { range }) {
      offset = range?.[0] ?? 0;
      return visit.BREAK;
    },
  });
  return offset;
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

function lowerFirst(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}
