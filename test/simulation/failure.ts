/** What ends a run: something that must not be. */
export class SimulationFailure extends Error {}
