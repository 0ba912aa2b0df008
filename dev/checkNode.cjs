// Every command loads this file first. It is ECMAScript 5 and CommonJS, because even an old Node must understand it.
'use strict';

var version = process.versions.node.split('.');
var major = Number(version[0]);
var minor = Number(version[1]);
// From these versions on, Node runs TypeScript files directly.
var isNewEnough = major > 23 || (major === 23 && minor >= 6) || (major === 22 && minor >= 18);

var message =
  'This command needs Node 22.18 or newer, and this is Node ' +
  process.versions.node +
  ': install a newer one, or run "npm ci" without --omit=optional, which brings one along.\n';

if (!isNewEnough) {
  process.stderr.write(message);
  process.exit(1);
}
