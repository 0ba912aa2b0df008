import { describeStates } from './describeStates.ts';

describeStates('light', 'en-GB');
