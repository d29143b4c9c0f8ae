import { mqlsPerWeek, type ReplayReport } from './replay-report.ts';

/** A replay in the words that decide whether a version goes live. `perWeek`: how many leads sales can take a week. */
export function replayInWords(report: ReplayReport, perWeek: number | null): string {
  const { leads, changed, newlyQualified, noLongerQualified, qualified, failed } = report;
  const hadLive = report.places['not scored'] === undefined;
  const rate = mqlsPerWeek(report);
  const words = hadLive
    ? [
        `${whole(changed)} of ${whole(leads)} leads change cell`,
        `${whole(newlyQualified)} become ready for sales and ${whole(noLongerQualified)} no longer are`,
        `${average(rate.after)} new MQLs a week (now ${average(rate.before)})`,
      ]
    : [
        `no version is live to compare with`,
        `${whole(qualified.after)} of ${whole(leads)} leads are ready for sales`,
        `${average(rate.after)} new MQLs a week`,
      ];
  if (perWeek !== null) words.push(`sales capacity ${whole(perWeek)} a week`);
  if (failed > 0) words.push(`${whole(failed)} leads could not be replayed`);
  return words.join('; ');
}

function whole(count: number): string {
  return count.toLocaleString('en');
}

/** Below ten a week, a tenth makes a difference. */
function average(rate: number): string {
  return rate.toLocaleString('en', { maximumFractionDigits: rate < 10 ? 1 : 0 });
}
