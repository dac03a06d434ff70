/**
 * Loaded before the program: the machine says that it has little memory, as a container with a
 * limit does. So the heap of a worker is small, and a function that takes more of it kills its
 * thread soon.
 */
const BYTES = 512 * 1024 ** 2

process.constrainedMemory = () => BYTES
