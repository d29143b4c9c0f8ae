import express, { type RequestHandler, Router } from 'express';
import { TendError } from '../../domain/errors.ts';
import type { Question } from '../../domain/sequence/question.ts';
import { readToken } from '../../mail/tokens.ts';
import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { readAskedQuestion, recordAnswer } from '../../store/record-answer.ts';
import { type AnswerProblem, answeredPage, questionPage } from '../answer-page.ts';
import { path } from '../middleware/methods.ts';
import { badLinkPage } from '../pages.ts';

export interface AnswerRouteOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly signingSecret: string;
}

/** As long as a text that is told of a lead may be. */
const LONGEST_ANSWER = 2_000;

/** The page that takes the answer to a mail's question. Only a POST records one: scanners follow links. */
export function answerRoutes({ database, clock, signingSecret }: AnswerRouteOptions): Router {
  const router = Router();
  const readBody: RequestHandler<{ token: string }> = express.text({
    limit: '10kb',
    type: 'application/x-www-form-urlencoded',
  });

  /** What the token's mail asked, or null: forged, for another purpose, of a mail that asked nothing of the kind. */
  async function asked(token: string): Promise<{ readonly leadId: string; readonly question: Question } | null> {
    const link = readToken(signingSecret, 'answer', token);
    return link === null ? null : readAskedQuestion(database, link);
  }

  const ask: RequestHandler<{ token: string }> = async (request, response) => {
    const found = await asked(request.params.token);
    if (found === null) {
      badLinkPage(request, response);
      return;
    }
    const { question } = found;
    const given = question.choices[Number(request.query.choice) - 1] ?? null;
    questionPage(request, response, { question, given, problem: null });
  };

  const answer: RequestHandler<{ token: string }> = async (request, response) => {
    const found = await asked(request.params.token);
    if (found === null) {
      badLinkPage(request, response);
      return;
    }
    const { leadId, question } = found;
    const given = answerIn(request.body as unknown);
    const result = problemOf(question, given) ?? (await record(leadId, question, given));
    if (result === 'recorded') answeredPage(request, response, question, given);
    else if (result === 'gone') badLinkPage(request, response);
    else questionPage(request, response, { question, given, problem: result });
  };

  /** What the attribute's type could not read, the person may write differently. */
  async function record(
    leadId: string,
    { attribute }: Question,
    value: string,
  ): Promise<AnswerProblem | 'recorded' | 'gone'> {
    try {
      return (await recordAnswer(database, { leadId, attribute, value, now: clock.now() })) ? 'recorded' : 'gone';
    } catch (error) {
      if (error instanceof TendError && error.code === 'invalid-request') return 'unreadable';
      throw error;
    }
  }

  path(router, '/:token', { get: ask, post: [readBody, answer] });
  return router;
}

function answerIn(body: unknown): string {
  return typeof body === 'string' ? (new URLSearchParams(body).get('answer') ?? '').trim() : '';
}

function problemOf({ choices }: Question, given: string): AnswerProblem | null {
  if (choices.length > 0) return choices.includes(given) ? null : 'none';
  if (given === '') return 'empty';
  return given.length > LONGEST_ANSWER ? 'unreadable' : null;
}
