import { describeStates } from './describeStates.ts';

describeStates('light', 'de-DE');
