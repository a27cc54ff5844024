import { nodeFetchClient } from '#src/clients/nodeFetch.js';
import { describePostJson } from './postJson.contract.js';

describePostJson('node-fetch', nodeFetchClient);
