/** What the page's demo controls say when they are done, in the languages of the page. */
import type { EndOfCheck } from './demoWords.ts';

export type Language = 'en' | 'de';
export type FaultName = 'revoke' | 'mfa' | 'consent' | 'throttle' | 'outage' | 'silence';

type Says = {
  /** What is wrong from now on. */
  faults: Record<FaultName, string>;
  shortTokens: string;
  hourTokens: string;
  well: string;
  away: string;
  returned: string;
  stopped: string;
  startedOver: string;
  notConnected: string;
  didNotWork: (why: string) => string;
  run: {
    nothingKept: string;
    notConnected: string;
    needsYou: string;
    waits: string;
    renewed: string;
    stillGood: string;
    failed: Record<NonNullable<EndOfCheck['kind']>, string>;
    paused: string;
    nothingNew: string;
    tells: (news: readonly string[]) => string;
    /** Tasks for which the organisation has set up nothing. */
    without: (tasks: readonly string[]) => string;
    tasksFailed: (tasks: readonly string[]) => string;
  };
};

const HAS_RUN = 'The worker has run for you';
const IST_GELAUFEN = 'Der Helfer ist für Sie gelaufen';

/** What a task told, in German. The shipped tasks tell it in English, and what others tell stays as it is. */
const NEWS_IN_GERMAN: readonly [RegExp, string][] = [
  [/^1 new or changed file$/, '1 neue oder geänderte Datei'],
  [/^(\d+) new or changed files$/, '$1 neue oder geänderte Dateien'],
  [/^1 new message, (\d+) unread$/, '1 neue Nachricht, $1 ungelesen'],
  [/^(\d+) new messages, (\d+) unread$/, '$1 neue Nachrichten, $2 ungelesen'],
  [/^Your files are watched from now on$/, 'Ihre Dateien werden ab jetzt beobachtet'],
  [/^Your inbox is watched from now on$/, 'Ihr Posteingang wird ab jetzt beobachtet'],
];
const TASKS: Record<string, Record<Language, string>> = {
  'read-profile': { en: 'your profile', de: 'Ihr Profil' },
  'drive-changes': { en: 'your files', de: 'Ihre Dateien' },
  'inbox-digest': { en: 'your mail', de: 'Ihre Post' },
};

const inGerman = (news: string): string =>
  NEWS_IN_GERMAN.reduce((text, [pattern, german]) => text.replace(pattern, german), news);
const named = (tasks: readonly string[], language: Language): string =>
  tasks.map((task) => TASKS[task]?.[language] ?? task).join(', ');

export const SAYS: Record<Language, Says> = {
  en: {
    faults: {
      revoke:
        'Your organisation has ended all your sign-ins. Nobody here knows that yet: run the worker, and it will need you.',
      mfa: 'Your organisation asks you for one more step, such as a code on your phone. Run the worker: it will need you.',
      consent: 'Your permission is withdrawn. Run the worker: it will need you.',
      throttle:
        'Your organisation now refuses each request of yours, because there are too many. Run the worker: it waits, and does not need you.',
      outage:
        'The sign-in service of your organisation is down for you. Run the worker: it tries again later, and does not need you.',
      silence:
        'The sign-in service of your organisation will leave one request of yours without an answer. Run the worker: after ten seconds it gives up, and it tries again later.',
    },
    shortTokens:
      'From now on a key lasts half a minute. The worker gets a new one for you each time it runs.',
    hourTokens:
      'The next key lasts an hour. The worker gets a new one for you once, and then finds it still good.',
    well: 'All is well again: nothing is wrong at your organisation.',
    away: 'You were away for a while.',
    returned: 'You have signed in once more, and the worker goes on.',
    stopped: 'It has stopped. The keys and the history are deleted.',
    startedOver: 'Nothing is kept of you any more, and you have allowed nothing. Sign in to begin again.',
    notConnected: 'you are not connected. Press “Start again” on the page first.',
    didNotWork: (why) => `That did not work: ${why}`,
    run: {
      nothingKept: 'The worker has run. Nothing is kept of you: sign in first.',
      notConnected: 'The worker has run, and did nothing for you: you are not connected.',
      needsYou: 'The worker has run, and asked nobody for you: it needs you first.',
      waits: 'The worker has run, and waits with you: there were too many requests.',
      renewed: `${HAS_RUN}, and has a new key.`,
      stillGood: `${HAS_RUN}, and its key is still good.`,
      failed: {
        'needs-user': `${HAS_RUN}. Your organisation wants to see you again, so the worker needs you.`,
        consent: `${HAS_RUN}. A permission is missing, so the worker needs you.`,
        'cache-lost': `${HAS_RUN}. Its keys are lost, so the worker needs you.`,
        throttled: `${HAS_RUN}. Your organisation asks for fewer requests, so the worker tries again later.`,
        tenant: `${HAS_RUN}. Your organisation does not have this application, so the worker tries again later.`,
        transient: `${HAS_RUN}. The sign-in service of your organisation could not answer, so the worker tries again later.`,
        misconfigured: `${HAS_RUN}. The settings of the service are wrong, and you are not needed.`,
      },
      paused: 'It does nothing else, because you have paused it.',
      nothingNew: 'There is nothing new.',
      tells: (news) => `It tells you: ${news.join('; ')}.`,
      without: (tasks) => `Your organisation has not set up: ${named(tasks, 'en')}.`,
      tasksFailed: (tasks) => `This did not work: ${named(tasks, 'en')}.`,
    },
  },
  de: {
    faults: {
      revoke:
        'Ihre Organisation hat alle Ihre Anmeldungen beendet. Hier weiß das noch niemand: Lassen Sie den Helfer laufen, dann braucht er Sie.',
      mfa: 'Ihre Organisation verlangt von Ihnen einen weiteren Schritt, etwa einen Code auf Ihrem Telefon. Lassen Sie den Helfer laufen: Er wird Sie brauchen.',
      consent: 'Ihre Berechtigung ist zurückgenommen. Lassen Sie den Helfer laufen: Er wird Sie brauchen.',
      throttle:
        'Ihre Organisation lehnt nun jede Ihrer Anfragen ab, weil es zu viele sind. Lassen Sie den Helfer laufen: Er wartet und braucht Sie nicht.',
      outage:
        'Der Anmeldedienst Ihrer Organisation ist für Sie ausgefallen. Lassen Sie den Helfer laufen: Er versucht es später noch einmal und braucht Sie nicht.',
      silence:
        'Der Anmeldedienst Ihrer Organisation lässt eine Ihrer Anfragen ohne Antwort. Lassen Sie den Helfer laufen: Nach zehn Sekunden gibt er auf und versucht es später noch einmal.',
    },
    shortTokens:
      'Ab jetzt hält ein Schlüssel eine halbe Minute. Der Helfer holt jedes Mal, wenn er läuft, einen neuen für Sie.',
    hourTokens:
      'Der nächste Schlüssel hält eine Stunde. Der Helfer holt einmal einen neuen für Sie und findet ihn dann noch gut.',
    well: 'Alles ist wieder gut: Bei Ihrer Organisation ist nichts mehr falsch.',
    away: 'Sie waren eine Weile weg.',
    returned: 'Sie haben sich noch einmal angemeldet, und der Helfer macht weiter.',
    stopped: 'Es ist angehalten. Die Schlüssel und der Verlauf sind gelöscht.',
    startedOver:
      'Von Ihnen ist nichts mehr gespeichert, und Sie haben nichts erlaubt. Melden Sie sich an, um von vorn zu beginnen.',
    notConnected: 'Sie sind nicht verbunden. Drücken Sie zuerst auf der Seite „Wieder starten“.',
    didNotWork: (why) => `Das hat nicht geklappt: ${why}`,
    run: {
      nothingKept: 'Der Helfer ist gelaufen. Von Ihnen ist nichts gespeichert: Melden Sie sich zuerst an.',
      notConnected: 'Der Helfer ist gelaufen und hat nichts für Sie getan: Sie sind nicht verbunden.',
      needsYou: 'Der Helfer ist gelaufen und hat niemanden für Sie gefragt: Er braucht zuerst Sie.',
      waits: 'Der Helfer ist gelaufen und wartet mit Ihnen: Es waren zu viele Anfragen.',
      renewed: `${IST_GELAUFEN} und hat einen neuen Schlüssel.`,
      stillGood: `${IST_GELAUFEN}, und sein Schlüssel ist noch gut.`,
      failed: {
        'needs-user': `${IST_GELAUFEN}. Ihre Organisation möchte Sie wieder sehen, also braucht der Helfer Sie.`,
        consent: `${IST_GELAUFEN}. Eine Berechtigung fehlt, also braucht der Helfer Sie.`,
        'cache-lost': `${IST_GELAUFEN}. Seine Schlüssel sind verloren, also braucht der Helfer Sie.`,
        throttled: `${IST_GELAUFEN}. Ihre Organisation bittet um weniger Anfragen, also versucht es der Helfer später noch einmal.`,
        tenant: `${IST_GELAUFEN}. Ihre Organisation hat diese Anwendung nicht, also versucht es der Helfer später noch einmal.`,
        transient: `${IST_GELAUFEN}. Der Anmeldedienst Ihrer Organisation konnte nicht antworten, also versucht es der Helfer später noch einmal.`,
        misconfigured: `${IST_GELAUFEN}. Die Einstellungen des Dienstes sind falsch, und Sie werden nicht gebraucht.`,
      },
      paused: 'Sonst tut er nichts, weil Sie eine Pause wollten.',
      nothingNew: 'Es gibt nichts Neues.',
      tells: (news) => `Er sagt Ihnen: ${news.map(inGerman).join('; ')}.`,
      without: (tasks) => `Ihre Organisation hat nicht eingerichtet: ${named(tasks, 'de')}.`,
      tasksFailed: (tasks) => `Das hat nicht geklappt: ${named(tasks, 'de')}.`,
    },
  },
};
