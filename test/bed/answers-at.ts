/** Whether whoever listens on that port answers well. */
export async function answersAt(port: number): Promise<boolean> {
  return await fetch(`http://127.0.0.1:${port}/`).then(
    (answer) => answer.ok,
    () => false,
  );
}
