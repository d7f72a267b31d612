import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The part of a cluster that it needs. */
interface Logins {
  readonly directory: string;
  readonly url: string;
  readonly users: readonly { readonly username: string; readonly token: string }[];
}

/** Writes the login of a cluster's first user, who asks for ceremonies, and gives the path of the file. */
export function loginFileOf({ directory, url, users: [requester] }: Logins): string {
  const path = join(directory, 'requester.login');
  const content = {
    format: 'quorate-login/v1',
    url,
    username: requester?.username,
    roles: ['coordinator'],
    access_token: requester?.token,
    refresh_token: 'none',
    expires_at: Date.now() + 3_600_000,
  };
  writeFileSync(path, JSON.stringify(content), { mode: 0o600 });
  return path;
}
