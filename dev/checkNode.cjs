// Loaded before every command. Each Node must be able to read it, so it is ECMAScript 5 and CommonJS.
'use strict';

var version = process.versions.node.split('.');
var major = Number(version[0]);
var minor = Number(version[1]);
// From these on, Node runs TypeScript files as they are.
var isNewEnough = major > 23 || (major === 23 && minor >= 6) || (major === 22 && minor >= 18);

var message =
  'This command needs Node 22.18 or newer, and this is Node ' +
  process.versions.node +
  ': install a newer one, or run "npm ci" without --omit=optional, which brings one along.\n';

if (!isNewEnough) {
  process.stderr.write(message);
  process.exit(1);
}
