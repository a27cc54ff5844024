import type { AddressClass } from '../../domain/ip/address.js';
import type { IpSource } from '../../domain/ip/source.js';
import { librarySource, type Family } from './library.js';
import { interfaceSource } from './localInterface.js';
import { urlSource } from './url.js';

/** A source as written in the configuration. */
export type SourceSpec = 'dns' | 'https' | { readonly url: string } | { readonly interface: string };

export interface SourceSettings {
  readonly sources: readonly SourceSpec[];
  readonly family: Family;
  /** The address classes that a source may be called at and that a local interface may have. */
  readonly allow: readonly AddressClass[];
}

export function ipSources({ sources, family, allow }: SourceSettings, userAgent: string): readonly IpSource[] {
  return sources.map((spec) => {
    if (typeof spec === 'string') return librarySource(spec, family);
    return 'url' in spec
      ? urlSource(spec.url, { family, allow, userAgent })
      : interfaceSource(spec.interface, family, allow);
  });
}
