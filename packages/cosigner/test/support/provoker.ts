/** Calls a server and compares what comes with what its OpenAPI document promises. */
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { json } from 'node:stream/consumers';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { z } from 'zod';

const responseSchema = z.looseObject({
  description: z.string(),
  content: z.record(z.string(), z.unknown()),
});
const documentSchema = z.looseObject({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.looseObject({
        operationId: z.string(),
        security: z.array(z.unknown()),
        description: z.string().optional(),
        requestBody: z.unknown().optional(),
        responses: z.record(z.string(), responseSchema),
      }),
    ),
  ),
});

const PROBLEM = 'application/problem+json';
const problemSchema = z.looseObject({ code: z.string() });

/** One operation of the document. */
export interface Operation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  /** The roles of which a token needs one; none when nobody is asked for a token. */
  readonly roles: readonly string[];
  readonly takesBody: boolean;
  readonly responses: Readonly<Record<string, z.infer<typeof responseSchema>>>;
}

/** How a call is made. */
export interface CallOptions {
  readonly body?: unknown;
  /** In place of the body's JSON. */
  readonly text?: string;
  readonly contentType?: string;
  readonly token?: string;
}

/** What came. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Everything that a document promises, and everything that came. */
export class Provoker {
  readonly operations: readonly Operation[];
  /** `operation status`, and the code of a problem. */
  readonly seen = new Set<string>();
  readonly #ajv = new Ajv2020({ strict: false, validateFormats: false });
  readonly #paths: readonly string[];

  private constructor(document: object) {
    this.#ajv.addSchema(document, 'document');
    const { paths } = documentSchema.parse(document);
    this.#paths = Object.keys(paths);
    this.operations = Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, operation]) => ({
        id: operation.operationId,
        method: method.toUpperCase(),
        path,
        roles: operation.description?.match(/\b[a-z]+(?=[,.])/g) ?? [],
        takesBody: operation.requestBody !== undefined,
        responses: operation.responses,
      })),
    );
  }

  /** Reads the document of a running server. */
  static async read(url: string): Promise<Provoker> {
    const response = await fetch(`${url}/api/v1/openapi.json`);
    return new Provoker(z.looseObject({}).parse(await response.json()));
  }

  /** What must be seen: every status of success, every code of every other status. */
  get promised(): string[] {
    return this.operations.flatMap(({ id, responses }) =>
      Object.entries(responses).flatMap(([status, { description, content }]) =>
        PROBLEM in content
          ? description.split(', ').map((code) => `${id} ${status} ${code}`)
          : [`${id} ${status}`],
      ),
    );
  }

  /** Makes a call of an operation and remembers how it ended. */
  async call(url: string, path: string, options: CallOptions = {}): Promise<Answer> {
    const { body, text, token, contentType = 'application/json' } = options;
    const content = text ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await fetch(`${url}${path}`, {
      method: content === undefined ? 'GET' : 'POST',
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(content === undefined ? {} : { 'content-type': contentType }),
      },
      ...(content === undefined ? {} : { body: content }),
    });
    const type = response.headers.get('content-type') ?? '';
    const answer = type.includes('json') ? ((await response.json()) as unknown) : undefined;
    return this.#remember(path, content === undefined ? 'GET' : 'POST', {
      status: response.status,
      body: answer,
    });
  }

  /** Begins a request whose body is sent later; the server has read its head when this resolves. */
  async hold(
    url: string,
    path: string,
    body: unknown,
    token: string,
  ): Promise<() => Promise<Answer>> {
    const content = JSON.stringify(body);
    const request = httpRequest(`${url}${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(content),
        expect: '100-continue',
      },
    });
    request.flushHeaders();
    await once(request, 'continue');
    return async () => {
      const answered = new Promise<Answer>((resolve, reject) => {
        request.on('error', reject);
        request.on('response', (incoming) => {
          const status = incoming.statusCode ?? 0;
          json(incoming).then((said) => resolve({ status, body: said }), reject);
        });
      });
      request.end(content);
      return this.#remember(path, 'POST', await answered);
    };
  }

  #remember(path: string, method: string, answer: Answer): Answer {
    const [plain = ''] = path.split('?');
    const shape = this.#paths.find((known) =>
      new RegExp(`^${known.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(plain),
    );
    const operation = this.operations.find((one) => one.path === shape && one.method === method);
    if (operation === undefined) throw new Error(`${method} ${path} is not in the document`);
    const { status, body } = answer;
    const problem = status >= 400 ? problemSchema.safeParse(body).data : undefined;
    const code = problem === undefined ? '' : ` ${problem.code}`;
    this.seen.add(`${operation.id} ${status}${code}`);
    this.#check(operation, answer);
    return answer;
  }

  /** The body has the form that the document gives for this status. */
  #check({ path, method, responses }: Operation, { status, body }: Answer): void {
    const [type] = Object.keys(responses[status]?.content ?? {});
    // An undocumented status is found in the end, by name.
    if (type === undefined || !type.includes('json')) return;
    const pointer = ['paths', path, method.toLowerCase(), 'responses', status, 'content', type]
      .map((part) => encodeURIComponent(String(part).replaceAll('~', '~0').replaceAll('/', '~1')))
      .join('/');
    const validate = this.#ajv.compile({ $ref: `document#/${pointer}/schema` });
    if (validate(body) !== true) {
      throw new Error(`${method} ${path} ${status}: ${this.#ajv.errorsText(validate.errors)}`);
    }
  }
}
