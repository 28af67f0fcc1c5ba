import type { Code } from './code.js';
import type { Command, Reply } from './command.js';
export declare class Commands {
    #private;
    /** Frames that wait for their replies. */
    get count(): number;
    /** The replies of a frame that goes out under this name. */
    expect(id: string, commands: readonly Command[]): Promise<readonly Reply[]>;
    replied(id: string, replies: readonly Reply[]): void;
    /** The engine refused the frame whole; whether one of this name was under way. */
    refused(id: string, code: Code, detail: string): boolean;
    /** The connection is lost, and the replies with it. */
    lost(reason: string): void;
}
