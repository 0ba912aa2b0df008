import { describeStates } from './describeStates.ts';

describeStates('dark', 'de-DE');
