import type { Counted } from './en.ts';
import type { When } from './times.ts';
import type { Words } from './words.ts';

/** It stays in one line with its time. */
const UHR = '\u00a0Uhr';

const since = ({ how, text }: When): string =>
  how === 'date' ? `Seit dem ${text}${UHR}` : `Seit ${text}${UHR}`;
const at = ({ how, text }: When): string =>
  how === 'time'
    ? `um ${text}${UHR}`
    : how === 'weekday' || how === 'date'
      ? `am ${text}${UHR}`
      : // A time of day has no space that breaks.
        `${text.replace(' ', ' um ')}${UHR}`;
const until = ({ how, text }: When): string =>
  how === 'date' ? `bis zum ${text}${UHR}` : `bis ${text}${UHR}`;
const lower = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
const upper = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const plural = ({ count, text }: Counted, one: string, more: string): string =>
  `${text} ${count === 1 ? one : more}`;

/** The page in German. */
export const de = (app: string): Words => ({
  title: `${app}: arbeitet für Sie, während Sie weg sind`,
  adminTitle: `${app}: für Administratoren`,
  tagline: 'Arbeitet für Sie, während Sie weg sind',
  oneMoment: 'Einen Moment …',
  localDemo: 'Lokale Vorführung: kein echtes Konto',
  signIn: 'Anmelden',
  signOut: 'Abmelden',
  signInAgain: 'Erneut anmelden',
  givePermission: 'Berechtigung erteilen',
  tryAgain: 'Noch einmal versuchen',
  tryAgainIn: (duration) => `Noch einmal in ${duration}`,
  copied: 'Kopiert.',
  copyFailed:
    'Dieser Browser erlaubt der Seite das Kopieren nicht. Markieren Sie den Text, und kopieren Sie ihn selbst.',
  copyDetails: 'Details kopieren',
  copyLink: 'Link kopieren',
  close: 'Schließen',

  welcome: {
    title: 'Einmal anmelden, dann gehen',
    text: `${app} arbeitet für Sie, während Sie weg sind, und sagt Ihnen hier, was es getan hat.`,
    points: [
      ['Was es liest', 'Ihr Profil und nur das, was Sie oder Ihre Organisation erlauben.'],
      ['Wie lange', 'Bis Sie es anhalten oder bis Ihre Organisation Sie wieder sehen möchte.'],
      [
        'Wie Sie es anhalten',
        'Melden Sie sich hier an, und wählen Sie „Anhalten“. Das löscht seine Schlüssel und seinen Verlauf sofort.',
      ],
    ],
  },

  regions: {
    profile: 'Ihr Profil',
    state: 'Wie es steht',
    activity: 'Während Sie weg waren',
    choices: 'Ihre Entscheidungen',
  },

  profile: {
    reading: 'Ihr Profil wird gelesen …',
    settling:
      'Es wird eingerichtet: Ihre Berechtigung braucht vielleicht eine halbe Minute, bis sie überall ankommt …',
    here: 'Ihr Profil ist da.',
    you: 'Sie',
    nothing: 'Ihre Organisation kennt Ihr Konto und sonst nichts von Ihnen.',
    hidden: 'Ihr Profil kann gerade nicht gezeigt werden.',
    source: 'Wie Ihre Organisation Sie beschreibt',
    labels: {
      department: 'Abteilung',
      mail: 'E-Mail',
      userPrincipalName: 'Benutzername',
      officeLocation: 'Büro',
      city: 'Ort',
      country: 'Land',
      employeeId: 'Personalnummer',
    },
  },

  state: {
    reading: 'Es wird gelesen, was geschehen ist …',
    well: (when, found) => `${since(when)}: ${found === undefined ? '' : `${found}; `}alles in Ordnung`,
    partly: (when, found) =>
      `${since(when)}: ${found === undefined ? '' : `${found}; `}nicht alles hat geklappt`,
    nothingNew: 'nichts Neues',
    newcomer: `Alles bereit: ${app} arbeitet ab jetzt für Sie`,
    repaired: 'Alles wieder in Ordnung',
    starting: `${app} macht sich für Sie bereit`,
    partlyText: 'Das hat nicht geklappt und wird noch einmal versucht. Sie müssen nichts tun:',
    partlyConsent: 'Dafür fehlt eine Berechtigung. Ein Administrator kann sie erteilen:',
    partlyUser:
      'Melden Sie sich ab und wieder an. Wenn das nicht hilft, schicken Sie Ihrem Administrator die Details. Ihre Organisation verlangt eine neue Anmeldung hierfür:',
    paused: (when) => `Pause ${until(when)}`,
    pausedText: `${app} arbeitet bis dahin nicht für Sie. Es macht von selbst weiter, außer Ihre Organisation möchte Sie vorher wieder sehen.`,
    waiting: (when) => `Keine Antwort ${lower(since(when))}`,
    waitingText: `Ein Dienst, den ${app} braucht, hat nicht geantwortet. ${app} versucht es von selbst noch einmal. Sie müssen nichts tun.`,
    throttled: (when) => `Wartet ${lower(since(when))}`,
    throttledText: `Ein Dienst, den ${app} braucht, ist überlastet. ${app} macht von selbst weiter. Sie müssen nichts tun.`,
    blockedTenant: `Ihre Organisation erlaubt ${app} zurzeit nicht`,
    blockedTenantText: `${app} versucht es von selbst noch einmal. Ihr Administrator kann es lösen: Schicken Sie ihm die Details.`,
    blockedService: `${app} hat selbst ein Problem`,
    blockedServiceText: 'Die Leute, die es betreiben, sehen das. Sie müssen nichts tun.',
    stopped: (when) => `${upper(at(when))} stehen geblieben`,
    stoppedText: 'Eine Anmeldung setzt es wieder in Gang; nichts ist verloren.',
    stoppedConsent:
      'Eine Berechtigung fehlt. Erteilen Sie sie erneut, dann geht es weiter; nichts ist verloren.',
    stoppedPaused: (when) =>
      `Eine Anmeldung bringt das in Ordnung; nichts ist verloren. Ihre Pause geht ${until(when)}.`,
    stoppedConsentPaused: (when) =>
      `Eine Berechtigung fehlt. Erteilen Sie sie erneut; nichts ist verloren. Ihre Pause geht ${until(when)}.`,
    ended: `Sie haben ${app} angehalten`,
    endedOn: (when) => `Sie haben ${app} ${at(when)} angehalten`,
    endedText:
      'Es merkt sich nur, dass Sie es angehalten haben. Diese Seite funktioniert weiter, aber nichts geschieht, während Sie weg sind.',
    notConnected: `${app} tut noch nichts für Sie`,
    notConnectedText:
      'Es bewahrt nichts von Ihnen auf. Wenn Sie es starten, arbeitet es für Sie, während Sie weg sind, und behält, was es dafür braucht, bis Sie es anhalten.',
    none: `${app} bewahrt noch nichts von Ihnen auf`,
    noneText: 'Starten Sie es, dann arbeitet es für Sie, während Sie weg sind.',
    goesOnUntil: (date) =>
      `Sie können diese Seite schließen. ${app} macht bis zum ${date} weiter, auch wenn Sie nicht wiederkommen.`,
    goesOnAbout: (days) =>
      `Sie können diese Seite schließen. ${app} macht noch etwa ${days} weiter, auch wenn Sie nicht wiederkommen.`,
    goesOnUntilVisit: (when) =>
      `Sie können diese Seite schließen. ${app} macht ${until(when)} weiter, und länger, wenn Sie vorher wiederkommen.`,
    goesOn: `Sie können diese Seite schließen. ${app} macht weiter, bis Ihre Organisation Sie wieder sehen möchte; das kann nach einem Tag sein.`,
    outdated: 'Das ist vielleicht veraltet: Der Dienst hat nicht geantwortet.',
    askAgain: 'Noch einmal fragen',
  },

  found: {
    'drive-changes': (files) => plural(files, 'neue oder geänderte Datei', 'neue oder geänderte Dateien'),
    'inbox-digest': (messages) => plural(messages, 'neue Nachricht', 'neue Nachrichten'),
  },
  foundBy: (title, number) => `${title}: ${number}`,
  tasks: {
    'read-profile': 'Ihr Profil',
    'drive-changes': 'Ihre Dateien',
    'inbox-digest': 'Ihre Post',
  },

  activity: {
    nothing: 'Noch ist nichts geschehen.',
    begins: `${app} beginnt mit seiner ersten Prüfung.`,
    nothingNew: (tasks) => `Nichts Neues: ${tasks}`,
    did: (task) => `${task}: erledigt`,
    failed: (task) => `${task}: hat nicht geklappt`,
    failedStill: 'Es wird noch einmal versucht.',
    failedConsent: 'Dafür fehlt eine Berechtigung. Ein Administrator kann sie erteilen.',
    failedUser: 'Ihre Organisation verlangt dafür eine neue Anmeldung.',
    failedOnce: 'Später hat es wieder geklappt.',
    without: (task) => `${task}: nichts zu lesen`,
    withoutText: 'Ihre Organisation hat das für Sie nicht eingerichtet. Sie müssen nichts tun.',
    range: (from, to) => `${from} bis ${to}`,
    troubleFor: (length) => `${length} lang. Es ist vorbei.`,
    troubleOver: 'Es ist vorbei.',
    troubleStill: 'Es ist noch nicht vorbei.',
    trouble: {
      'needs-user': 'Ihre Organisation wollte Sie wieder sehen',
      consent: 'Eine Berechtigung fehlte',
      'cache-lost': `${app} hat die Verbindung zu Ihnen verloren`,
      throttled: 'Ein Dienst bat um Geduld',
      tenant: `Ihre Organisation hat ${app} nicht erlaubt`,
      transient: 'Ein Dienst hat nicht geantwortet',
      misconfigured: `${app} hatte selbst ein Problem`,
    },
    next: 'Nächste Prüfung:',
    anyMoment: 'jeden Moment',
    technical: 'Technische Details',
  },

  technical: {
    refreshed: 'Token erneuert',
    'from-cache': 'Token noch gültig',
    failed: {
      'needs-user': 'Abgelehnt: Anmeldung nötig',
      consent: 'Abgelehnt: Eine Berechtigung fehlt',
      'cache-lost': 'Gespeicherte Token verloren',
      throttled: 'Zu viele Anfragen',
      tenant: 'Von der Organisation abgelehnt',
      transient: 'Keine Antwort',
      misconfigured: 'Fehler der Einrichtung',
    },
    visit: 'Sie waren hier',
    taskDone: (task) => `Aufgabe „${task}“ erledigt`,
    taskFailed: (task) => `Aufgabe „${task}“ fehlgeschlagen`,
    times: (times, first) => `${plural(times, 'Mal', 'Mal')} seit ${first}`,
    keptBy: { link: 'durch Ihre Verknüpfung', 'sign-in': 'durch Ihre Anmeldung' },
    unknown: (outcome) => outcome,
  },

  choices: {
    allowed: `Was ${app} darf`,
    permissions: {
      'User.Read': 'Ihr Profil lesen',
      'User.ReadBasic.All': 'Die Namen der Menschen in Ihrer Organisation lesen',
      'Files.Read': 'Ihre Dateien sehen',
      'Files.Read.All': 'Alle Dateien sehen, die Sie öffnen können',
      'Files.ReadWrite': 'Ihre Dateien sehen und ändern',
      'Mail.ReadBasic': 'Sehen, wer Ihnen wann geschrieben hat, aber nicht was',
      'Mail.Read': 'Ihre Post lesen',
      'Mail.Send': 'Post in Ihrem Namen senden',
      'Calendars.Read': 'Ihren Kalender lesen',
      'Calendars.ReadWrite': 'Ihren Kalender lesen und ändern',
      'Contacts.Read': 'Ihre Kontakte lesen',
      'Tasks.Read': 'Ihre Aufgaben lesen',
      'Sites.Read.All': 'Die Websites lesen, die Sie öffnen können',
      'People.Read': 'Sehen, mit wem Sie arbeiten',
      offline_access: 'Weitermachen, während Sie weg sind',
      openid: 'Sie anmelden',
      profile: 'Ihren Namen kennen',
      email: 'Ihre E-Mail-Adresse kennen',
    },
    permission: (name) => `Eine weitere Berechtigung: ${name}`,
    pauseDay: 'Einen Tag Pause',
    pauseWeek: 'Eine Woche Pause',
    resume: 'Jetzt weitermachen',
    download: 'Herunterladen, was über mich gespeichert ist',
    downloadText:
      'Eine Datei mit Ihrem Profil, wie es hier steht, Ihrem letzten Besuch, dem, was getan und gefunden wurde, und dem, was Sie erlaubt haben. Sie sagt, was sonst noch gespeichert ist und wer es Ihnen geben kann.',
    downloadAbout: `Was ${app} von Ihnen behält, wie sein Dienst es dieser Seite gesagt hat. Das Profil wird bei jedem Besuch neu gelesen und nicht behalten, außer Ihrem Benutzernamen.`,
    downloadWithout: [
      'Ihr Benutzername und die Kennung Ihres Kontos, unter der alles gespeichert ist, und seit wann Sie verbunden sind.',
      'Was die Aufgaben sich merken, um weitermachen zu können. Es ist verschlüsselt gespeichert.',
      'Die Schlüssel, mit denen es für Sie arbeitet. Sie sind verschlüsselt gespeichert, und niemand bekommt sie.',
    ],
    downloadAsk: `Die Leute, die ${app} betreiben, können den Rest für Sie exportieren, außer den Schlüsseln und dem Verschlüsselten („accounts export“).`,
    downloadName: 'ueber-mich-gespeichert.json',
    stop: 'Anhalten …',
    start: 'Starten',
    startAgain: 'Wieder starten',
  },

  doing: {
    stopping: 'Wird angehalten …',
    starting: 'Wird gestartet …',
    pausing: 'Die Pause beginnt …',
    resuming: 'Es geht weiter …',
    stopFailed: `${app} ist vielleicht nicht angehalten: Der Dienst hat nicht geantwortet.`,
    startFailed: `${app} wurde nicht gestartet: Der Dienst hat nicht geantwortet.`,
    pauseFailed: `${app} macht vielleicht keine Pause: Der Dienst hat nicht geantwortet.`,
    resumeFailed: `${app} macht vielleicht noch Pause: Der Dienst hat nicht geantwortet.`,
  },

  stop: {
    title: `${app} anhalten?`,
    text: 'Das löscht die Schlüssel, mit denen es für Sie arbeitet, und diesen Verlauf. Es merkt sich nur, dass Sie es angehalten haben.',
    permission: 'Ihre Berechtigung bleibt bei Ihrer Organisation: Entfernen Sie sie auf',
    confirm: 'Anhalten',
    cancel: 'Abbrechen',
  },

  stay: {
    title: 'Verbunden bleiben',
    text: (days) =>
      `Ihre Organisation möchte Sie vielleicht nach einem Tag wieder sehen. Mit einer weiteren Anmeldung kann ${app} etwa ${days} weitermachen.`,
    button: 'Verbunden bleiben',
    dismiss: 'Jetzt nicht',
    later: 'Länger weitermachen',
    tasks: 'Was noch für Sie getan werden kann',
    tasksText: 'Ihre Organisation fragt Sie zuerst.',
    turnOn: (title) => `„${title}“ einschalten`,
    turnedOn: (title) => `„${title}“ ist eingeschaltet.`,
    results: {
      linked: 'Sie bleiben nun verbunden.',
      cancelled: 'Sie haben abgelehnt, und nichts wurde geändert.',
      admin: 'Nur ein Administrator kann das erlauben. Nichts wurde geändert.',
      consent: 'Dafür fehlt eine Berechtigung. Nichts wurde geändert.',
      'other-user': 'Jemand anderes hat sich angemeldet. Nichts wurde geändert.',
      ended: `${app} wurde inzwischen angehalten. Nichts wurde geändert.`,
      expired: 'Es hat zu lange gedauert. Nichts wurde geändert. Sie können es noch einmal versuchen.',
      used: 'Das wurde schon getan oder neu begonnen.',
      refused:
        'Ihre Organisation hat es nicht angenommen. Nichts wurde geändert. Sie können es noch einmal versuchen.',
      unavailable: 'Ein Dienst hat nicht geantwortet. Sie können es später noch einmal versuchen.',
    },
  },

  refusal: {
    tryLater: 'Versuchen Sie es später',
    saidNo: `${app} kann hier nicht benutzt werden`,
    unexpected: 'Eine unerwartete Antwort',
    unexpectedText:
      'Diese Seite versteht die Antwort ihres Dienstes nicht. Schicken Sie die Details den Leuten, die sie betreiben.',
    noAnswer: 'Keine Antwort',
    noAnswerText: 'Der Dienst ist nicht zu erreichen. Prüfen Sie Ihr Netz. Nichts ist verloren.',
    tellAdmin: 'Wenden Sie sich an Ihren Administrator',
    tellAdminText:
      'Es wurde wieder abgelehnt. Wenn Sie nicht selbst abgelehnt haben, schicken Sie Ihrem Administrator die Details. Wenn das Problem gelöst ist, versuchen Sie es hier noch einmal.',
    signInAgain: 'Bitte melden Sie sich erneut an',
    permission: `${app} braucht Ihre Berechtigung`,
    lastAttempt: 'Ihr letzter Versuch wurde abgelehnt.',
    problems: {
      NOT_CONNECTED: `${app} hat nicht für Sie gearbeitet, es gab also nichts zu ändern.`,
      REQUEST_MALFORMED:
        'Der Dienst hat diese Seite nicht verstanden. Vielleicht ist sie veraltet: Laden Sie sie neu.',
      TOKEN_MISSING: 'Der Dienst hat Ihre Anmeldung nicht gesehen.',
      TOKEN_INVALID: 'Diese Anmeldung ist abgelaufen.',
      CLAIMS_REQUIRED: `Ihre Organisation verlangt einen weiteren Schritt, bevor ${app} für Sie arbeiten kann.`,
      SIGN_IN_REQUIRED: `Ihre Anmeldung reicht nicht mehr, damit ${app} für Sie arbeiten kann.`,
      CONSENT_REQUIRED: `${app} braucht eine Berechtigung von Ihnen oder von Ihrer Organisation, bevor es für Sie arbeiten kann.`,
      SCOPE_MISSING:
        'Diese Seite ist nicht richtig eingerichtet. Die Leute, die sie betreiben, müssen das ändern: Schicken Sie ihnen die Details.',
      ROLE_MISSING: 'Nur eine Anwendung, der das erlaubt wurde, darf es.',
      TENANT_FORBIDDEN: `Ihre Organisation wird hier nicht bedient. Melden Sie sich mit einem anderen Konto an, oder fragen Sie die Leute, die ${app} betreiben.`,
      CLIENT_FORBIDDEN: `Diese Seite darf den Dienst nicht benutzen. Die Leute, die ${app} betreiben, müssen es erlauben: Schicken Sie ihnen die Details.`,
      LINK_OFF: `${app} kann nicht länger verbunden bleiben.`,
      UPSTREAM_REFUSED: `Ihre Organisation lehnt ${app} selbst ab. Nur die Leute, die es betreiben, können das lösen: Schicken Sie ihnen die Details.`,
      THROTTLED: 'Es gibt gerade zu viele Anfragen. Nichts ist verloren.',
      TOO_MANY_REQUESTS:
        'Sie haben zu oft gefragt. Warten Sie einen Moment, und versuchen Sie es noch einmal.',
      UNAVAILABLE: 'Ein Dienst hinter dieser Seite ist nicht zu erreichen. Nichts ist verloren.',
      INTERNAL: 'Im Dienst ist etwas schiefgegangen. Nichts ist verloren.',
    },
  },

  signInError: {
    title: 'Sie wurden nicht angemeldet',
    network:
      'Die Anmeldeseite Ihrer Organisation ist nicht zu erreichen. Prüfen Sie Ihr Netz, und versuchen Sie es noch einmal.',
    denied: 'Sie oder Ihre Organisation haben es nicht erlaubt. Sie können sich wieder anmelden.',
    other:
      'Ihre Organisation oder dieser Browser hat es verhindert. Wenn es wieder geschieht, schicken Sie die Details den Leuten, die diese Seite betreiben.',
    stuck:
      'Diese Anmeldung wurde zweimal gleich abgelehnt. Wenn Sie nicht selbst abgelehnt haben, schicken Sie Ihrem Administrator die Details. Wenn das Problem gelöst ist, versuchen Sie es hier noch einmal.',
    adminLink:
      'Wenn eine Berechtigung fehlt, kann ein Administrator sie für Ihre ganze Organisation erteilen. Schicken Sie ihm diesen Link:',
  },

  admin: {
    given: 'Ihre Organisation sagt, dass die Berechtigung erteilt ist',
    givenText: `Bitten Sie die Leute, die Sie gefragt haben, ${app} noch einmal zu öffnen und den Knopf zu wählen, den es zeigt. Es kann eine Minute dauern.`,
    refused: 'Die Berechtigung wurde nicht erteilt',
    refusedText:
      'Nichts hat sich geändert. Wenn Sie die Berechtigung erteilen wollen, öffnen Sie den Link noch einmal.',
    nothing: 'Diese Seite ist für Administratoren',
    nothingText: 'Sie zeigt, was aus einem Link für Administratoren geworden ist.',
    proves: (setting) =>
      `Diese Seite beweist nichts und ändert nichts: Jeder kann sie mit jeder Adresse öffnen. Die Einstellung ${setting} des Dienstes sagt, welche Organisationen er bedient. Die Leute, die ihn betreiben, ändern sie, wenn Sie ihnen die Id Ihres Mandanten auf einem Weg geschickt haben, dem sie trauen.`,
  },

  cannotStart: {
    title: 'Diese Seite kann nicht starten',
    text: 'Einstellungen fehlen oder sind nicht richtig. Laden Sie die Seite neu. Wenn es wieder geschieht, schicken Sie die Details den Leuten, die diese Seite betreiben.',
  },

  details: 'Details',
  detailNames: {
    code: 'Code',
    status: 'HTTP-Status',
    problem: 'Problem',
    scopes: 'Fehlende Berechtigungen',
    time: 'Zeit',
    reference: 'Referenz',
    entraCode: 'Code des Verzeichnisses',
    entraCorrelationId: 'Korrelations-Id des Verzeichnisses',
    entraTraceId: 'Trace-Id des Verzeichnisses',
    entraRequestId: 'Anfrage-Id des Verzeichnisses',
    entraTime: 'Zeit des Verzeichnisses',
    graphCode: 'Code von Microsoft Graph',
    graphCorrelationId: 'Korrelations-Id von Microsoft Graph',
    graphTraceId: 'Trace-Id von Microsoft Graph',
    graphRequestId: 'Anfrage-Id von Microsoft Graph',
    graphTime: 'Zeit von Microsoft Graph',
  },
});
