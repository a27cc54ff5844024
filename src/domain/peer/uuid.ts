/**
 * A UUID of any version, in upper or lower case. The pattern has no flag, because a JSON Schema is generated from
 * it.
 */
export const UUID = /^[\da-fA-F]{8}-[\da-fA-F]{4}-[\da-fA-F]{4}-[\da-fA-F]{4}-[\da-fA-F]{12}$/;
