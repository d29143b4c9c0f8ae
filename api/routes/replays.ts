import { type RequestHandler, Router } from 'express';
import { replayInWords } from '../../domain/scoring/replay-in-words.ts';
import { mqlsPerWeek } from '../../domain/scoring/replay-report.ts';
import { cancelReplay } from '../../store/cancel-replay.ts';
import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { type Replay, readReplay } from '../../store/read-replay.ts';
import { isoInstants } from '../iso-instants.ts';
import { path } from '../middleware/methods.ts';

/** `/api/replays`: models played over recorded history. */
export function replayRoutes(database: Database, clock: Clock): Router {
  const router = Router();

  const read: RequestHandler<{ id: string }> = async (request, response) => {
    response.json(shown(await readReplay(database, request.params.id)));
  };

  const cancel: RequestHandler<{ id: string }> = async (request, response) => {
    response.json(shown(await cancelReplay(database, request.params.id, clock.now())));
  };

  path(router, '/:id', { get: read });
  path(router, '/:id/cancel', { post: cancel });
  return router;
}

function shown(replay: Replay) {
  const { report, perWeek } = replay;
  return isoInstants({
    ...replay,
    report: report === null ? null : { ...report, mqlsPerWeek: mqlsPerWeek(report) },
    words: report === null ? null : replayInWords(report, perWeek),
  });
}
