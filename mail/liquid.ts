import { Liquid, LiquidError, type Template, UndefinedVariableError } from 'liquidjs';
import { TendError } from '../domain/errors.ts';
import { escapeHtml, Lines } from './lines.ts';

/**
 * Liquid as mails need it. A missing variable is an error, never an empty greeting; `| default:` and `if` may ask for
 * one. Nothing is read from the disk. The limits keep a template from holding the worker.
 */
const options = {
  strictFilters: true,
  strictVariables: true,
  lenientIf: true,
  ownPropertyOnly: true,
  templates: {},
  parseLimit: 1_000_000,
  renderLimit: 1_000,
  memoryLimit: 10_000_000,
} as const;

/** What a lead tells about itself must not become markup in the mail: HTML output is escaped unless `| raw` says not. */
const engines = {
  html: new Liquid({ ...options, outputEscape: inHtml }),
  text: new Liquid(options),
};

function inHtml(value: unknown): string {
  if (value instanceof Lines) return value.toHtml();
  if (value === null || value === undefined) return '';
  return escapeHtml(Array.isArray(value) ? value.map(String).join('') : String(value));
}

// They read other files, which a template does not have.
for (const engine of Object.values(engines)) {
  for (const tag of ['include', 'render', 'layout', 'block']) delete engine.tags[tag];
}

export type LiquidKind = keyof typeof engines;

/** What is wrong with `source` as Liquid, or null. `line` counts from 1. */
export function liquidProblem(
  kind: LiquidKind,
  source: string,
): { readonly line: number; readonly problem: string } | null {
  try {
    engines[kind].parse(source);
    return null;
  } catch (error) {
    if (!(error instanceof LiquidError)) throw error;
    const [, line = '1'] = /line:(\d+)/.exec(error.message) ?? [];
    return { line: Number(line), problem: error.message.replace(/, file:[^,]*|, line:\d+|, col:\d+/g, '') };
  }
}

/** A variable as a template names it, with the properties it goes into: `['question', 'choices', 0, 'url']`. */
export type VariablePath = readonly unknown[];

/** The variables that `source`, which must parse, takes from its recipient; with `own`, those too that it sets itself. */
export function variablesIn(kind: LiquidKind, source: string, own = false): readonly VariablePath[] {
  return own ? engines[kind].variableSegmentsSync(source) : engines[kind].globalVariableSegmentsSync(source);
}

/** Parsed sources; a worker sends thousands of mails from a few templates. */
const parsed = new Map<string, Template[]>();
const MOST_PARSED = 200;

/**
 * Renders `source` with `variables`.
 *
 * Throws `render-failed`, naming the missing variable or the line, and never a value: errors reach logs and Temporal.
 */
export function renderLiquid(kind: LiquidKind, source: string, variables: object): string {
  const engine = engines[kind];
  const cacheKey = `${kind} ${source}`;
  let templates = parsed.get(cacheKey);
  if (templates === undefined) {
    templates = engine.parse(source);
    if (parsed.size >= MOST_PARSED) parsed.delete(parsed.keys().next().value ?? '');
    parsed.set(cacheKey, templates);
  }
  try {
    return engine.renderSync(templates, variables) as string;
  } catch (error) {
    throw renderFailed(error);
  }
}

/** A template names a variable that is not known of this recipient. `variable` is dotted, as in `lead.email`. */
export class MissingVariableError extends TendError {
  constructor(
    readonly variable: string,
    line: string,
  ) {
    super(
      'render-failed',
      `The variable "${variable}" (line ${line}) is not known of this recipient: give it a "| default:".`,
    );
  }
}

function renderFailed(error: unknown): TendError {
  if (!(error instanceof LiquidError)) return new TendError('render-failed', 'The template could not be rendered.');
  const [, line = '?'] = /line:(\d+)/.exec(error.message) ?? [];
  const original: unknown = error.originalError;
  const missing = UndefinedVariableError.is(error) ? error : UndefinedVariableError.is(original) ? original : null;
  if (missing !== null) {
    const [, name = '?'] = /undefined variable: ([\w.[\]-]+)/.exec(missing.message) ?? [];
    return new MissingVariableError(name, line);
  }
  return new TendError('render-failed', `Line ${line} of the template could not be rendered.`);
}
