/** The client refuses a URL with a login in it, so the login is sent as a header (RFC 7617). */
export function loginOf({ username, password }: URL): Readonly<Record<string, string>> {
  if (username === '' && password === '') return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}

export function withoutLogin(url: URL): string {
  const bare = new URL(url);
  bare.username = bare.password = '';
  return bare.href;
}
