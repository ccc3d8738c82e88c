// Node's half of `_bindings.py`, read by jsii's process before anything else (NODE_OPTIONS=--require).
// The bindings' index requires all of its 1,500 submodules at once: here each waits until it is asked for.
// An index that is written otherwise is left as it is: slower, and right.
"use strict";

const Module = require("node:module");

const INDEX = /[\\/]@cdktf[\\/]provider-aws[\\/]lib[\\/]index\.js$/;
const DECLARED = /^exports\..* = void 0;$/m;
const EAGER = /^exports\.(\w+) = require\(("[^"]+")\);$/gm;
const LAZY = 'Object.defineProperty(exports, "$1", { enumerable: true, get: () => require($2) });';

const compile = Module.prototype._compile;
Module.prototype._compile = function (source, filename, ...rest) {
  const read = INDEX.test(filename) ? source.replace(DECLARED, "").replace(EAGER, LAZY) : source;
  return compile.call(this, read, filename, ...rest);
};
