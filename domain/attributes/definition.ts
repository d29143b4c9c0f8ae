import { z } from 'zod';
import type { Condition } from '../conditions/condition.ts';
import type { Duration } from '../instant.ts';
import type { AttributeSource } from './statement.ts';
import type { AttributeType } from './value.ts';

/** Whose attribute it is: the person's, or that of the company, which its leads share. */
export const attributeOwners = ['lead', 'account'] as const;
export type AttributeOwner = (typeof attributeOwners)[number];

/**
 * What an attribute is for. `classification`: the one central trait at first contact; budget, authority, need and time:
 * the questions to a company (BANT); `target-group`: to a person, in place of authority.
 */
export const attributeRoles = ['classification', 'budget', 'authority', 'need', 'time', 'target-group'] as const;
export type AttributeRole = (typeof attributeRoles)[number];

export const LONGEST_ATTRIBUTE_NAME = 100;

export const attributeNameSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/,
    `must be letters, digits, _ . and -, beginning with a letter or digit, at most ${LONGEST_ATTRIBUTE_NAME}, for example companySize`,
  );

/** Implicit qualification: where `when` holds, the attribute is concluded, without a question. */
export interface Inference {
  readonly id: string;
  readonly name?: string | undefined;
  /** About attributes of the lead and of the company only. */
  readonly when: Condition;
  readonly value: string | number | boolean;
  /** 0..1 */
  readonly confidence: number;
}

/** How a question and its choices are put to readers, by locale; what is left out is said as it is stored. */
export type QuestionWordings = {
  readonly [locale: string]: {
    readonly question?: string | undefined;
    readonly choices?: { readonly [choice: string]: string } | undefined;
  };
};

export interface AttributeDefinition {
  readonly name: string;
  readonly of: AttributeOwner;
  readonly type: AttributeType;
  readonly choices?: readonly string[] | undefined;
  readonly label?: string | undefined;
  /** How a form or a representative asks for it. */
  readonly question?: string | undefined;
  /** How a mail and its answer page ask for it, in the reader's language. */
  readonly wordings?: QuestionWordings | undefined;
  readonly role?: AttributeRole | undefined;
  /** Who is believed before whom; each list is one rank. Default: `defaultSourceOrder`. */
  readonly sources?: readonly (readonly AttributeSource[])[] | undefined;
  /** What was said longer ago than this is no longer known. */
  readonly validFor?: Duration | undefined;
  /** The first whose condition holds counts. */
  readonly infer: readonly Inference[];
}

/** A part of the installation's vocabulary: attributes that it knows, with their types. Several may be live. */
export interface AttributeSet {
  readonly key: string;
  readonly name: string;
  readonly attributes: readonly AttributeDefinition[];
}
