/** What the drawer says, in each language of the page. The page's own words are in `words/`, and production has no others. */
import { type Language, pickLanguage } from '../words/language.ts';
import type { ControlName, GroupName } from './controls.ts';

type Step = { text: string; button: string };

export type DemoWords = {
  demo: string;
  story: string;
  intro: string;
  tour: string;
  step: (number: number, of: number) => string;
  /** One for each step of the tour. */
  steps: readonly Step[];
  end: string;
  endText: string;
  startOver: string;
  allControls: string;
  everything: string;
  groups: Record<GroupName, string>;
  controls: Record<ControlName, string>;
  noAnswer: (status: number, text: string) => string;
};

export const DEMO_WORDS: Record<Language, DemoWords> = {
  en: {
    demo: 'Local demo',
    story: 'Play the story',
    intro: 'Nothing of this is real but the software. What you press here concerns you alone.',
    tour: 'Tour',
    step: (number, of) => `Step ${number} of ${of}`,
    steps: [
      {
        text: 'You have signed in, and that was all you had to do. Now leave for a while. The worker, a program that runs once a minute, goes on for you.',
        button: 'Leave',
      },
      {
        text: 'Your organisation ends all your sign-ins, as it does after a lost phone.',
        button: 'End my sign-ins',
      },
      { text: 'You are still away, and the worker comes round again.', button: 'Let the worker run' },
      {
        text: 'You come back, the page says that you are needed, and you sign in once.',
        button: 'Sign me in again',
      },
      { text: 'Leave once more: everything goes on where it stopped.', button: 'Leave again' },
      { text: 'You have had enough of it, so you say stop.', button: 'Stop it' },
    ],
    end: 'The end',
    endText: 'That was the whole story. Start over, and you are new here.',
    startOver: 'Start over',
    allControls: 'All controls',
    everything: 'Everything',
    groups: {
      worker: 'The worker',
      organisation: 'What your organisation does to you',
      keys: 'How long a key of the worker lasts',
    },
    controls: {
      run: 'Run the worker now',
      leave: 'Leave for a while',
      revoke: 'End all my sign-ins',
      mfa: 'Ask me for one more step',
      consent: 'Withdraw my permission',
      throttle: 'Too many requests',
      outage: 'Outage',
      silence: 'No answer',
      well: 'All is well',
      'short-tokens': 'Half a minute',
      'hour-tokens': 'An hour',
    },
    noAnswer: (status, text) => `The local platform answered ${status}: ${text}`,
  },
  de: {
    demo: 'Lokale Vorführung',
    story: 'Geschichte spielen',
    intro: 'Nichts hiervon ist echt außer der Software. Was Sie hier drücken, betrifft nur Sie.',
    tour: 'Rundgang',
    step: (number, of) => `Schritt ${number} von ${of}`,
    steps: [
      {
        text: 'Sie haben sich angemeldet, und mehr war nicht zu tun. Gehen Sie nun eine Weile weg. Der Helfer, ein Programm, das jede Minute läuft, macht für Sie weiter.',
        button: 'Weggehen',
      },
      {
        text: 'Ihre Organisation beendet alle Ihre Anmeldungen, wie nach einem verlorenen Telefon.',
        button: 'Meine Anmeldungen beenden',
      },
      { text: 'Sie sind noch weg, und der Helfer kommt wieder vorbei.', button: 'Den Helfer laufen lassen' },
      {
        text: 'Sie kommen zurück, die Seite sagt, dass Sie gebraucht werden, und Sie melden sich einmal an.',
        button: 'Mich wieder anmelden',
      },
      {
        text: 'Gehen Sie noch einmal weg: Alles geht weiter, wo es stehen geblieben ist.',
        button: 'Wieder weggehen',
      },
      { text: 'Sie haben genug davon und sagen: anhalten.', button: 'Es anhalten' },
    ],
    end: 'Das Ende',
    endText: 'Das war die ganze Geschichte. Beginnen Sie von vorn, dann sind Sie hier neu.',
    startOver: 'Von vorn beginnen',
    allControls: 'Alle Knöpfe',
    everything: 'Alles',
    groups: {
      worker: 'Der Helfer',
      organisation: 'Was Ihre Organisation mit Ihnen macht',
      keys: 'Wie lange ein Schlüssel des Helfers hält',
    },
    controls: {
      run: 'Den Helfer jetzt laufen lassen',
      leave: 'Eine Weile weggehen',
      revoke: 'Alle meine Anmeldungen beenden',
      mfa: 'Einen weiteren Schritt verlangen',
      consent: 'Meine Berechtigung zurücknehmen',
      throttle: 'Zu viele Anfragen',
      outage: 'Ausfall',
      silence: 'Keine Antwort',
      well: 'Alles ist gut',
      'short-tokens': 'Eine halbe Minute',
      'hour-tokens': 'Eine Stunde',
    },
    noAnswer: (status, text) => `Die lokale Plattform hat mit ${status} geantwortet: ${text}`,
  },
};

/** @param locale the reader's BCP 47 tag, as the page has it */
export const languageOf = (locale: string): Language => pickLanguage([locale]).language;
