// Exits before it listens, as an app with a missing setting does.
throw new Error("DATABASE_URL is not set");
