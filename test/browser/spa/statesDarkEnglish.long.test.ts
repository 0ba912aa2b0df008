import { describeStates } from './describeStates.ts';

describeStates('dark', 'en-GB');
