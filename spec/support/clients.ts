import type { ClientOptions } from '#src/clients/httpClient.js';
import { nativeClient } from '#src/clients/native.js';
import { nodeFetchClient } from '#src/clients/nodeFetch.js';
import type { Config } from '#src/config/config.js';
import type { PostJson } from '#src/domain/call/http.js';

type Name = Config['http']['client'];

const MAKERS: Readonly<Record<Name, (options: ClientOptions) => PostJson>> = {
  'node-fetch': nodeFetchClient,
  native: nativeClient,
};

/** Every HTTP client by its name in the configuration: what one promises, all of them do. */
export const CLIENTS = Object.entries(MAKERS) as readonly (readonly [Name, (typeof MAKERS)[Name]])[];
