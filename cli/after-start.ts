import type { ServiceSettings } from '../config/service-settings.ts';

/**
 * What a start does once everything runs: the place for loading the shipped sequences at the first start.
 *
 * @param say shows a detail beside the step's title
 */
export async function afterStart(_settings: ServiceSettings, _say: (detail: string) => void): Promise<void> {}
