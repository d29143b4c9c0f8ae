/** `lead`: marketing's, or sales'; `customer`: won; `disqualified`: given up. */
export type LeadStage = 'lead' | 'customer' | 'disqualified';
