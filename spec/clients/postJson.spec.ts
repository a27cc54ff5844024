import { CLIENTS } from '../support/clients.js';
import { describePostJson } from './postJson.contract.js';

for (const [name, make] of CLIENTS) describePostJson(name, make);
