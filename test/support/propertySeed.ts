/** Every change is tried with the same values. With `PROPERTY_SEED`, a whole number, tests try others. */
import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env.PROPERTY_SEED ?? 2_026) });
