/** A UUID of any version, in capitals or not. Without a flag, since a JSON Schema is made of it as well. */
export const UUID = /^[\da-fA-F]{8}-[\da-fA-F]{4}-[\da-fA-F]{4}-[\da-fA-F]{4}-[\da-fA-F]{12}$/;
