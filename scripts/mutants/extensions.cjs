const { _extensions } = require('node:module');

/** Lets Stryker's mocha-runner find the files of mocha 12 that it asks for without their new ending. */
_extensions['.cjs'] ??= _extensions['.js'];
