import type { When } from './times.ts';

/** Some number of things: the number for the grammar, and as the language writes it. */
export type Counted = { count: number; text: string };

const since = ({ text }: When): string => `Since ${text}`;
const at = ({ how, text }: When): string =>
  how === 'time'
    ? `at ${text}`
    : how === 'yesterday' || how === 'tomorrow'
      ? // A time of day has no space that breaks.
        text.replace(' ', ' at ')
      : `on ${text}`;
const plural = ({ count, text }: Counted, one: string, more: string): string =>
  `${text} ${count === 1 ? one : more}`;

/**
 * The page in English, and the list of all texts: another language that lacks one does not compile.
 * @param app what users call the application
 */
export const en = (app: string) => ({
  title: `${app}: works for you while you are away`,
  adminTitle: `${app}: for administrators`,
  tagline: 'Works for you while you are away',
  oneMoment: 'One moment…',
  localDemo: 'Local demo: no real account',
  signIn: 'Sign in',
  signOut: 'Sign out',
  signInAgain: 'Sign in again',
  givePermission: 'Give permission',
  tryAgain: 'Try again',
  tryAgainIn: (duration: string) => `Try again in ${duration}`,
  copied: 'Copied.',
  copyFailed: 'This browser does not allow the page to copy. Select the text and copy it yourself.',
  copyDetails: 'Copy details',
  copyLink: 'Copy link',
  close: 'Close',

  welcome: {
    title: 'Sign in once, then go',
    text: `${app} works for you while you are away, and tells you here what it did.`,
    points: [
      ['What it reads', 'Your profile, and only what you or your organisation allow.'],
      ['For how long', 'Until you stop it, or until your organisation asks to see you again.'],
      ['How to stop', 'Sign in here and choose “Stop”. That deletes its keys and its history at once.'],
    ] as [term: string, text: string][],
  },

  regions: {
    profile: 'Your profile',
    state: 'How it stands',
    activity: 'While you were away',
    choices: 'Your choices',
  },

  profile: {
    reading: 'Reading your profile…',
    settling: 'Setting things up: your permission may need half a minute to arrive everywhere…',
    here: 'Your profile is here.',
    you: 'You',
    nothing: 'Your organisation knows your account, and nothing more about you.',
    hidden: 'Your profile cannot be shown now.',
    source: 'As your organisation describes you',
    labels: {
      department: 'Department',
      mail: 'E-mail',
      userPrincipalName: 'User name',
      officeLocation: 'Office',
      city: 'City',
      country: 'Country',
      employeeId: 'Employee number',
    },
  },

  state: {
    reading: 'Reading what happened…',
    /** @param found what tasks found; undefined if they count nothing */
    well: (when: When, found: string | undefined) =>
      `${since(when)}: ${found === undefined ? '' : `${found}; `}all well`,
    partly: (when: When, found: string | undefined) =>
      `${since(when)}: ${found === undefined ? '' : `${found}; `}not everything worked`,
    nothingNew: 'nothing new',
    newcomer: `All set: ${app} works for you from now on`,
    repaired: 'All set again',
    starting: `${app} is getting ready for you`,
    partlyText: 'This did not work, and is tried again. You do not have to do anything:',
    partlyConsent: 'This needs a permission that was not given. An administrator can give it:',
    partlyUser:
      'Sign out and in. If that does not help, send the details to your administrator. Your organisation asks you to sign in again for this:',
    paused: (until: When) => `Paused until ${until.text}`,
    pausedText: `${app} does no work for you until then. It goes on by itself, unless your organisation asks to see you before.`,
    waiting: (when: When) => `No answer since ${when.text}`,
    waitingText: `A service that ${app} needs did not answer. ${app} tries again by itself. You do not have to do anything.`,
    throttled: (when: When) => `Waiting since ${when.text}`,
    throttledText: `A service that ${app} needs is busy. ${app} goes on by itself. You do not have to do anything.`,
    blockedTenant: `Your organisation does not allow ${app} at the moment`,
    blockedTenantText: `${app} tries again by itself. Your administrator can solve it: send them the details.`,
    blockedService: `${app} has a problem of its own`,
    blockedServiceText: 'The people who run it can see that. You do not have to do anything.',
    stopped: (when: When) => `Stopped ${at(when)}`,
    stoppedText: 'One sign-in starts it again; nothing is lost.',
    stoppedConsent: 'A permission is missing. Give it again to start; nothing is lost.',
    stoppedPaused: (until: When) =>
      `One sign-in puts that right; nothing is lost. Your pause goes on until ${until.text}.`,
    stoppedConsentPaused: (until: When) =>
      `A permission is missing. Give it again; nothing is lost. Your pause goes on until ${until.text}.`,
    ended: `You stopped ${app}`,
    endedOn: (when: When) => `You stopped ${app} ${at(when)}`,
    endedText:
      'It remembers only that you said stop. This page still works, but nothing happens while you are away.',
    notConnected: `${app} does nothing for you yet`,
    notConnectedText: `It keeps nothing about you. If you start it, it works for you while you are away, and keeps what it needs for that until you stop it.`,
    none: `${app} keeps nothing about you yet`,
    noneText: `Start it, and it works for you while you are away.`,
    goesOnUntil: (date: string) =>
      `You can close this page. ${app} goes on until ${date}, even if you do not come back.`,
    goesOnAbout: (days: string) =>
      `You can close this page. ${app} goes on for about ${days}, even if you do not come back.`,
    /** Each visit makes it longer. */
    goesOnUntilVisit: (when: When) =>
      `You can close this page. ${app} goes on until ${when.text}, and longer if you come back before.`,
    goesOn: `You can close this page. ${app} goes on until your organisation asks to see you again; that can be after a day.`,
    outdated: 'This may be out of date: the service did not answer.',
    askAgain: 'Ask again',
  },

  found: {
    'drive-changes': (files: Counted) => plural(files, 'new or changed file', 'new or changed files'),
    'inbox-digest': (messages: Counted) => plural(messages, 'new message', 'new messages'),
  } as Record<string, (counted: Counted) => string>,
  /** What a task found that this page does not know. */
  foundBy: (title: string, number: string) => `${title}: ${number}`,
  tasks: {
    'read-profile': 'Your profile',
    'drive-changes': 'Your files',
    'inbox-digest': 'Your mail',
  } as Record<string, string>,

  activity: {
    nothing: 'Nothing has happened yet.',
    begins: `${app} begins with its first check.`,
    nothingNew: (tasks: string) => `Nothing new: ${tasks}`.replaceAll(/\bYour /g, 'your '),
    did: (task: string) => `${task}: done`,
    failed: (task: string) => `${task}: did not work`,
    failedStill: 'It is tried again.',
    failedConsent: 'It needs a permission that was not given. An administrator can give it.',
    failedUser: 'Your organisation asks you to sign in again for it.',
    failedOnce: 'It worked again later.',
    without: (task: string) => `${task}: nothing to read`,
    withoutText: 'Your organisation has not set this up for you. You do not have to do anything.',
    range: (from: string, to: string) => `${from} to ${to}`,
    troubleFor: (length: string) => `For ${length}. It is over.`,
    troubleOver: 'It is over.',
    troubleStill: 'It is not over yet.',
    trouble: {
      'needs-user': 'Your organisation asked to see you again',
      consent: 'A permission was missing',
      'cache-lost': `${app} lost its connection to you`,
      throttled: 'A service asked for patience',
      tenant: `Your organisation did not allow ${app}`,
      transient: 'A service did not answer',
      misconfigured: `${app} had a problem of its own`,
    },
    next: 'Next check:',
    anyMoment: 'any moment now',
    technical: 'Technical details',
  },

  technical: {
    refreshed: 'Token refreshed',
    'from-cache': 'Token still valid',
    failed: {
      'needs-user': 'Refused: sign-in needed',
      consent: 'Refused: a permission is missing',
      'cache-lost': 'Stored tokens lost',
      throttled: 'Too many requests',
      tenant: 'Refused by the organisation',
      transient: 'No answer',
      misconfigured: 'Configuration error',
    },
    visit: 'You were here',
    taskDone: (task: string) => `Task “${task}” done`,
    taskFailed: (task: string) => `Task “${task}” failed`,
    times: (times: Counted, first: string) => `${plural(times, 'time', 'times')} since ${first}`,
    keptBy: { link: 'kept by your link', 'sign-in': 'kept by your sign-in' },
    unknown: (outcome: string) => outcome,
  },

  choices: {
    allowed: `What ${app} may do`,
    permissions: {
      'User.Read': 'Read your profile',
      'User.ReadBasic.All': 'Read the names of the people in your organisation',
      'Files.Read': 'See your files',
      'Files.Read.All': 'See all files that you can open',
      'Files.ReadWrite': 'See and change your files',
      'Mail.ReadBasic': 'See who wrote to you and when, but not what',
      'Mail.Read': 'Read your mail',
      'Mail.Send': 'Send mail as you',
      'Calendars.Read': 'Read your calendar',
      'Calendars.ReadWrite': 'Read and change your calendar',
      'Contacts.Read': 'Read your contacts',
      'Tasks.Read': 'Read your tasks',
      'Sites.Read.All': 'Read the sites that you can open',
      'People.Read': 'See the people you work with',
      offline_access: 'Go on while you are away',
      openid: 'Sign you in',
      profile: 'Know your name',
      email: 'Know your e-mail address',
    } as Record<string, string>,
    permission: (name: string) => `Another permission: ${name}`,
    pauseDay: 'Pause for a day',
    pauseWeek: 'Pause for a week',
    resume: 'Go on now',
    download: 'Download what is kept of me',
    downloadText:
      'A file with your profile as it is shown here, your last visit, what was done and found, and what you have allowed. It says what else is kept, and who can give you that.',
    downloadAbout: `What ${app} keeps of you, as its service told this page. The profile is read anew at each visit and is not kept, but for your user name.`,
    downloadWithout: [
      'Your user name and the id of your account, under which everything is kept, and when you were connected.',
      'What the tasks remember so that they can go on. It is kept encrypted.',
      'The keys with which it works for you. They are kept encrypted, and nobody gets them.',
    ] as string[],
    downloadAsk: `The people who run ${app} can export the rest for you, except the keys and what is encrypted (“accounts export”).`,
    downloadName: 'kept-of-me.json',
    stop: 'Stop…',
    start: 'Start',
    startAgain: 'Start again',
  },

  doing: {
    stopping: 'Stopping…',
    starting: 'Starting…',
    pausing: 'Pausing…',
    resuming: 'Going on…',
    stopFailed: `${app} may not have stopped: the service did not answer.`,
    startFailed: `${app} was not started: the service did not answer.`,
    pauseFailed: `${app} may not be paused: the service did not answer.`,
    resumeFailed: `${app} may still be paused: the service did not answer.`,
  },

  stop: {
    title: `Stop ${app}?`,
    text: 'It deletes the keys it uses to act for you, and this history. It remembers only that you said stop.',
    permission: 'Your permission stays at your organisation: remove it at',
    confirm: 'Stop',
    cancel: 'Cancel',
  },

  stay: {
    title: 'Stay connected',
    text: (days: string) =>
      `Your organisation may ask to see you again after a day. With one more sign-in ${app} can go on for about ${days}.`,
    button: 'Stay connected',
    dismiss: 'Not now',
    /** Among the choices, for whoever said "Not now". */
    later: 'Go on for longer',
    tasks: 'More that can be done for you',
    tasksText: 'Your organisation asks you first.',
    turnOn: (title: string) => `Turn on “${title}”`,
    turnedOn: (title: string) => `“${title}” is turned on.`,
    results: {
      linked: 'You stay connected now.',
      cancelled: 'You said no, and nothing was changed.',
      admin: 'Only an administrator can allow this. Nothing was changed.',
      consent: 'A permission is missing for this. Nothing was changed.',
      'other-user': 'Somebody else signed in. Nothing was changed.',
      ended: `${app} was stopped meanwhile. Nothing was changed.`,
      expired: 'It took too long. Nothing was changed. You can try again.',
      used: 'This was done before, or begun anew.',
      refused: 'Your organisation did not accept it. Nothing was changed. You can try again.',
      unavailable: 'A service did not answer. You can try again later.',
    },
  },

  refusal: {
    tryLater: 'Try again later',
    saidNo: `${app} cannot be used here`,
    unexpected: 'An unexpected answer',
    unexpectedText:
      'This page does not understand the answer of its service. Send the details to the people who run it.',
    noAnswer: 'No answer',
    noAnswerText: 'The service cannot be reached. Check your network. Nothing is lost.',
    tellAdmin: 'Tell your administrator',
    tellAdminText:
      'It was refused again. If you did not refuse it yourself, send the details to your administrator. Once they have solved the problem, try again here.',
    signInAgain: 'Please sign in again',
    permission: `${app} needs your permission`,
    lastAttempt: 'Your last attempt was refused.',
    problems: {
      NOT_CONNECTED: `${app} was not working for you, so there was nothing to change.`,
      REQUEST_MALFORMED: 'The service did not understand this page. It may be out of date: load it again.',
      TOKEN_MISSING: 'The service did not see your sign-in.',
      TOKEN_INVALID: 'This sign-in has ended.',
      CLAIMS_REQUIRED: `Your organisation asks for one more step before ${app} can work for you.`,
      SIGN_IN_REQUIRED: `Your sign-in is no longer enough for ${app} to work for you.`,
      CONSENT_REQUIRED: `${app} needs a permission from you or from your organisation before it can work for you.`,
      SCOPE_MISSING:
        'This page is not set up right. The people who run it have to correct that: send them the details.',
      ROLE_MISSING: 'Only an application that was allowed to do this may do it.',
      TENANT_FORBIDDEN: `Your organisation is not served here. Sign in with another account, or ask the people who run ${app}.`,
      CLIENT_FORBIDDEN: `This page is not allowed to use the service. The people who run ${app} have to allow it: send them the details.`,
      LINK_OFF: `${app} cannot stay connected for longer.`,
      UPSTREAM_REFUSED: `Your organisation’s sign-in refuses ${app} itself. Only the people who run it can solve that: send them the details.`,
      THROTTLED: 'There are too many requests at the moment. Nothing is lost.',
      TOO_MANY_REQUESTS: 'You asked too often. Wait a moment and try again.',
      UNAVAILABLE: 'A service behind this page cannot be reached. Nothing is lost.',
      INTERNAL: 'Something went wrong in the service. Nothing is lost.',
    },
  },

  signInError: {
    title: 'You were not signed in',
    network: 'The sign-in page of your organisation cannot be reached. Check your network, and try again.',
    denied: 'You or your organisation did not allow it. You can sign in again.',
    other:
      'Your organisation or this browser stopped it. If it happens again, send the details to the people who run this page.',
    stuck:
      'This sign-in was refused twice in the same way. If you did not refuse it yourself, send the details to your administrator. Once they have solved the problem, try again here.',
    adminLink:
      'If a permission is missing, an administrator can give it for your whole organisation. Send them this link:',
  },

  admin: {
    given: 'Your organisation says that the permission is given',
    givenText: `Tell the people who asked you to open ${app} again and to choose the button that it shows. It can take a minute.`,
    refused: 'The permission was not given',
    refusedText: 'Nothing has changed. If you want to give the permission, open the link again.',
    nothing: 'This page is for administrators',
    nothingText: 'It shows what became of a link for administrators.',
    proves: (setting: string) =>
      `This page proves nothing and changes nothing: anybody can open it with any address. The setting ${setting} of the service says which organisations it serves. The people who run the service change it after you have sent them your tenant id in a way that they trust.`,
  },

  cannotStart: {
    title: 'This page cannot start',
    text: 'Its settings are missing or not right. Load it again. If it happens again, send the details to the people who run it.',
  },

  details: 'Details',
  detailNames: {
    code: 'Code',
    status: 'HTTP status',
    problem: 'Problem',
    scopes: 'Missing permissions',
    time: 'Time',
    reference: 'Reference',
    entraCode: 'Directory code',
    entraCorrelationId: 'Directory correlation id',
    entraTraceId: 'Directory trace id',
    entraRequestId: 'Directory request id',
    entraTime: 'Directory time',
    graphCode: 'Microsoft Graph code',
    graphCorrelationId: 'Microsoft Graph correlation id',
    graphTraceId: 'Microsoft Graph trace id',
    graphRequestId: 'Microsoft Graph request id',
    graphTime: 'Microsoft Graph time',
  },
});
